"""A timeline as Rich Transcription Time Marked, the format of diarisation tools."""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from ser.labels import NO_SPEECH
from ser.timeline.clock import milliseconds
from ser.timeline.window import Window
from ser.timeline.writers.base import Writer, escape_surrogates


class RttmWriter(Writer):
    """Writes a ``SPEAKER`` line per window, with the emotion where others name the speaker.

    Where speakers are told apart, their names stand in their place, and the emotion in that of the
    speaker type.

    The ten fields are those of NIST's RT-09 evaluation plan (appendix A): type, file, channel,
    start and duration in seconds, orthography, speaker type, name, confidence, lookahead. The file
    is named as usual without folder and ending; only where two recordings would get one name, the
    later one keeps its folder, and if need be its ending. White space inside a field becomes
    ``_``. Where nobody speaks there is no line. Windows that overlap do so here too.
    """

    summaries: ClassVar[bool] = False

    def begin(self, *, summaries: bool = False) -> None:
        """Starts the output."""
        self._names: dict[str, str] = {}

    def write(self, window: Window) -> None:
        """Writes one window."""
        if window.emotion == NO_SPEECH:
            return
        # Start and end are rounded, not the duration, so that neighbours do not overlap.
        start, end = milliseconds(window.start), milliseconds(window.end)
        times = f"{start / 1000:.3f} {(end - start) / 1000:.3f}"
        kind, name = "<NA>", _field(window.emotion)
        if window.speaker is not None:
            kind, name = name, _field(window.speaker)
        self.put(
            f"SPEAKER {self._name(window.file)} {window.channel or 1} {times} <NA> {kind} "
            f"{name} {window.confidence:.6f} <NA>\n"
        )

    def _name(self, file: str) -> str:
        if file not in self._names:
            path, taken = Path(file), set(self._names.values())
            names = [_field(name) for name in (path.stem, str(path.with_suffix("")), file)]
            free = next((name for name in names if name not in taken), None)
            self._names[file] = free or f"{names[-1]}_{len(taken)}"
        return self._names[file]


def _field(text: str) -> str:
    return re.sub(r"\s+", "_", escape_surrogates(text)) or "_"
