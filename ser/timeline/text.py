"""A timeline for people: aligned columns and a bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import IO

from ser.plots.palette import terminal_code
from ser.timeline.clock import clock
from ser.timeline.record import Window
from ser.timeline.summary import Summary
from ser.timeline.writer import Writer, legible

_EIGHTHS = " ▏▎▍▌▋▊▉"
_BAR = 10


class TextWriter(Writer):
    """Writes ``0:00.0–0:03.0  angry      0.83  ████████▎``."""

    def __init__(
        self,
        stream: IO[str],
        labels: Sequence[str],
        *,
        colour: bool = False,
        headings: bool = False,
    ) -> None:
        super().__init__(stream, labels, colour=colour, headings=headings)
        self._label_width = max((len(label) for label in labels), default=0)
        self._time_width = 0
        self._file: str | None = None
        self._plain = not _encodes(stream, "█▏–")

    def write(self, window: Window) -> None:
        """Writes one line, and the file's name before its first."""
        if window.file != self._file:
            if self.headings:
                self.put(("\n" if self._file is not None else "") + f"{legible(window.file)}\n")
            self._file = window.file
        span = self._span(window)
        # Grows once, at ten minutes, and once more at an hour: a stream cannot know its end.
        self._time_width = max(self._time_width, len(span))
        label = self._paint(window.emotion, window.emotion.ljust(self._label_width))
        bar = self._paint(window.emotion, self._bar(window.confidence))
        self.put(f"{span:>{self._time_width}}  {label}  {window.confidence:.2f}  {bar}\n")

    def write_summary(self, summary: Summary) -> None:
        """Writes a block of lines: a heading, the emotions by their share, the strongest moment."""
        changes = f"{summary.changes} change" + ("" if summary.changes == 1 else "s")
        lines = [f"{legible(summary.file)}  {clock(summary.seconds)}  {changes}"]
        for label in sorted(summary.shares, key=lambda name: -summary.shares[name]):
            share, mean = summary.shares[label], summary.probabilities.get(label, 0.0)
            name = self._paint(label, label.ljust(self._label_width))
            bar = self._paint(label, self._bar(share).ljust(_BAR))
            lines.append(f"  {name}  {share:4.0%} of time  {bar}  mean {mean:.2f}")
        if summary.strongest is not None:
            moment = summary.strongest
            lines.append(
                f"  strongest: {moment.emotion} {moment.confidence:.2f} at {self._span(moment)}"
            )
        self.put("\n".join(lines) + "\n")

    def _span(self, window: Window) -> str:
        return f"{clock(window.start)}{'-' if self._plain else '–'}{clock(window.end)}"

    def _bar(self, share: float) -> str:
        if self._plain:
            return "#" * round(share * _BAR)
        whole, part = divmod(math.floor(share * _BAR * 8 + 0.5), 8)
        return "█" * whole + (_EIGHTHS[part] if part else "")

    def _paint(self, emotion: str, text: str) -> str:
        return f"\x1b[{terminal_code(emotion)}m{text}\x1b[0m" if self.colour else text


def _encodes(stream: IO[str], text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
