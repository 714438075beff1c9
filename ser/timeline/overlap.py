"""Which window speaks for which moment, where windows overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ser.labels import NO_SPEECH
from ser.timeline.clock import milliseconds
from ser.timeline.window import Window

Span = tuple[float, float, str]
"""Start and end in seconds, and the emotion between them."""

TOUCHING = 1e-6
"""Times are sums of floats: neighbours may miss each other by this many seconds."""


def adjoin(window: Window, following: Window) -> bool:
    """Says whether one window begins before the other has ended, or just as it does."""
    return following.start <= window.end + TOUCHING


def border(window: Window, following: Window) -> float:
    """Gives the moment at which `following` takes over: the middle of the overlap.

    After a gap it is the end of `window`, and the gap belongs to nobody.
    """
    if not adjoin(window, following):
        return window.end
    return (min(window.end, following.end) + following.start) / 2


def winning_spans(windows: Iterable[Window]) -> Iterator[Span]:
    """Joins neighbouring windows of one emotion.

    Args:
        windows: The windows of one recording in the order of their starts.

    Yields:
        Spans that do not overlap, in order. Where nobody speaks there is none, as in a gap; the
        uncertain has spans of its own.
    """
    return (span for span in _joined(windows) if span[2] != NO_SPEECH)


def _joined(windows: Iterable[Window]) -> Iterator[Span]:
    span: Span | None = None
    last: Window | None = None
    for window in windows:
        if span is None or last is None:
            span = (window.start, window.end, window.emotion)
        elif window.emotion == last.emotion and adjoin(last, window):
            span = (span[0], window.end, window.emotion)
        else:
            change = border(last, window)
            yield (span[0], change, span[2])
            span = (change if adjoin(last, window) else window.start, window.end, window.emotion)
        last = window
    if span is not None:
        yield span


# Overlapping windows, cut to stretches side by side.


class Apart:
    """Cuts the windows of one recording as they come, so that none overlaps another.

    Where two overlap, the later one takes over in the middle, as in `ser.timeline.overlap`. So a
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
