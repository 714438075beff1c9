"""A timeline as SubRip: subtitles for every player."""

from __future__ import annotations

from ser.timeline.writers.subtitles import SubtitleWriter, timestamp


class SrtWriter(SubtitleWriter):
    """Writes a numbered subtitle per window; thousandths behind a comma."""

    def write_cue(self, number: int, start: int, end: int, text: str, speaker: str) -> None:
        """Writes one subtitle."""
        said = f"{speaker}: {text}" if speaker else text
        self.put(f"{number}\n{timestamp(start, ',')} --> {timestamp(end, ',')}\n{said}\n\n")
