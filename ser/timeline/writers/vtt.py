"""A timeline as WebVTT: subtitles for browsers and most players."""

from __future__ import annotations

from ser.timeline.writers.subtitles import SubtitleWriter, timestamp

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class VttWriter(SubtitleWriter):
    """Writes a cue per window (W3C, WebVTT: The Web Video Text Tracks Format, 2019).

    Where speakers are told apart, a cue has a voice tag: ``<v Anna>angry 0.83``.
    """

    def begin(self, *, summaries: bool = False) -> None:
        """Writes the signature."""
        super().begin()
        self.put("WEBVTT\n\n")

    def write_cue(self, number: int, start: int, end: int, text: str, speaker: str) -> None:
        """Writes one cue; its number is its identifier."""
        times = f"{timestamp(start, '.')} --> {timestamp(end, '.')}"
        voice = f"<v {speaker.translate(_ESCAPES)}>" if speaker else ""
        self.put(f"{number}\n{times}\n{voice}{text.translate(_ESCAPES)}\n\n")
