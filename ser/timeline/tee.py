"""One timeline in several formats at once."""

from __future__ import annotations

from collections.abc import Sequence

from ser.timeline.record import Window
from ser.timeline.summary import Summary
from ser.timeline.writer import Writer


class Tee(Writer):
    """Gives every record to several writers.

    Args:
        writers: At least one.
    """

    def __init__(self, writers: Sequence[Writer]) -> None:
        first = writers[0]
        super().__init__(first.stream, first.labels)
        self._writers = tuple(writers)

    def begin(self, *, summaries: bool = False) -> None:
        """Starts every output."""
        for writer in self._writers:
            writer.begin(summaries=summaries)

    def write(self, window: Window) -> None:
        """Writes one window to every output."""
        for writer in self._writers:
            writer.write(window)

    def write_summary(self, summary: Summary) -> None:
        """Writes one summary to every output."""
        for writer in self._writers:
            writer.write_summary(summary)

    def end(self) -> None:
        """Completes every output."""
        for writer in self._writers:
            writer.end()
