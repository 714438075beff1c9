"""A timeline as WebVTT: subtitles for browsers and most players."""

from __future__ import annotations

from ser.timeline.writers.subtitles import SubtitleWriter, timestamp

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


class VttWriter(SubtitleWriter):
    """Writes a cue per window (W3C, WebVTT: The Web Video Text Tracks Format, 2019)."""

    def begin(self, *, summaries: bool = False) -> None:
        """Writes the signature."""
        super().begin()
        self.put("WEBVTT\n\n")

    def write_cue(self, number: int, start: int, end: int, text: str) -> None:
        """Writes one cue; its number is its identifier."""
        times = f"{timestamp(start, '.')} --> {timestamp(end, '.')}"
        self.put(f"{number}\n{times}\n{text.translate(_ESCAPES)}\n\n")
