"""A timeline as SubRip: subtitles for every player."""

from __future__ import annotations

from ser.timeline.writers.base import CueWriter, stamp


class SrtWriter(CueWriter):
    """Writes a numbered subtitle per window; thousandths behind a comma."""

    def cue(self, number: int, start: int, end: int, text: str) -> None:
        """Writes one subtitle."""
        self.put(f"{number}\n{stamp(start, ',')} --> {stamp(end, ',')}\n{text}\n\n")
