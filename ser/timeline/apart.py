"""Overlapping windows, cut to stretches side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ser.timeline.clock import milliseconds
from ser.timeline.record import Window
from ser.timeline.spans import TOUCHING, adjoin, border


class Apart:
    """Cuts the windows of one recording as they come, so that none overlaps another.

    Where two overlap, the later one takes over in the middle, as in `ser.timeline.spans`. So a
    window that overlaps the next can be given only when the next is there. Windows that were side
    by side so far will be so: from the second on they are given at once; should one overlap all
    the same, it begins where the last has ended.

    Args:
        patient: Wait for the next window in any case; needs no guess.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self._patient = patient
        self._waits = True
        self._last: Window | None = None
        self._from = 0.0

    def add(self, window: Window) -> list[Window]:
        """Takes the next window.

        Args:
            window: Windows come in the order of their starts.

        Returns:
            The windows whose times are now known, with these times. One of which less than a
            millisecond is left is dropped.
        """
        ready: list[Window] = []
        last = self._last
        if last is None:
            self._from = window.start
        elif self._waits:
            change = border(last, window)
            ready += _cut(last, self._from, change)
            # A window inside another may end before the one around it was to hand over.
            self._from = max(self._from, change if adjoin(last, window) else window.start)
        else:
            self._from = max(window.start, last.end, self._from)
        if last is not None and adjoin(last, window):
            self._waits = self._patient or window.start < last.end - TOUCHING
        self._last = window
        if not self._waits:
            ready += _cut(window, self._from, window.end)
        return ready

    def rest(self) -> list[Window]:
        """Gives what is held back, when no more windows follow."""
        last, self._last = self._last, None
        return _cut(last, self._from, last.end) if last is not None and self._waits else []


def apart(windows: Iterable[Window]) -> Iterator[Window]:
    """Cuts all windows of one recording, in the order of their starts, with no guess."""
    cutter = Apart(patient=True)
    for window in windows:
        yield from cutter.add(window)
    yield from cutter.rest()


def _cut(window: Window, start: float, end: float) -> list[Window]:
    if milliseconds(end) <= milliseconds(start):
        return []
    return [replace(window, start=start, end=end)]
