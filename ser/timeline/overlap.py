"""Overlapping windows: which window holds at which moment, and windows cut so that none overlap.

Where two windows overlap, the later one takes over in the middle of the overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ser.labels import NO_SPEECH
from ser.timeline.clock import milliseconds
from ser.timeline.window import Window

Span = tuple[float, float, str]
"""Start and end in seconds, and the emotion between them."""

TOLERANCE = 1e-6
"""Times are sums of floats: adjacent windows may miss each other by this many seconds."""


def adjoin(window: Window, following: Window) -> bool:
    """Says whether a window begins before the one ahead of it has ended, or just as it does."""
    return following.start <= window.end + TOLERANCE


def boundary(window: Window, following: Window) -> float:
    """Gives the moment in seconds at which `following` takes over: the middle of the overlap.

    After a gap it is the end of `window`: the gap belongs to neither.
    """
    if not adjoin(window, following):
        return window.end
    return (min(window.end, following.end) + following.start) / 2


def emotion_spans(windows: Iterable[Window]) -> Iterator[Span]:
    """Joins adjacent windows of one emotion.

    Args:
        windows: The windows of one recording in the order of their starts.

    Yields:
        Spans that do not overlap, in order. There is none in a gap or without speech; uncertain
        windows have spans of their own.
    """
    return (span for span in _join(windows) if span[2] != NO_SPEECH)


def _join(windows: Iterable[Window]) -> Iterator[Span]:
    span: Span | None = None
    last: Window | None = None
    for window in windows:
        if span is None or last is None:
            span = (window.start, window.end, window.emotion)
        elif window.emotion == last.emotion and adjoin(last, window):
            span = (span[0], window.end, window.emotion)
        else:
            change = boundary(last, window)
            yield (span[0], change, span[2])
            span = (change if adjoin(last, window) else window.start, window.end, window.emotion)
        last = window
    if span is not None:
        yield span


class OverlapRemover:
    """Cuts the windows of one recording as they come, so that none overlaps another.

    The end of a window that overlaps the next is known only when the next has come. As long as
    windows have not overlapped they are taken not to, and from the second on they are given at
    once; should one overlap all the same, it begins where the last has ended.

    Args:
        lookahead: Wait for the next window in any case, so that nothing is assumed.
    """

    def __init__(self, *, lookahead: bool = False) -> None:
        self._lookahead = lookahead
        self._waits = True
        self._last: Window | None = None
        self._start = 0.0

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
            self._start = window.start
        elif self._waits:
            change = boundary(last, window)
            ready += _cut(last, self._start, change)
            # A window inside another may end before the one around it was to hand over.
            self._start = max(self._start, change if adjoin(last, window) else window.start)
        else:
            self._start = max(window.start, last.end, self._start)
        if last is not None and adjoin(last, window):
            self._waits = self._lookahead or window.start < last.end - TOLERANCE
        self._last = window
        if not self._waits:
            ready += _cut(window, self._start, window.end)
        return ready

    def finish(self) -> list[Window]:
        """Gives the window that is held back, when no more follow."""
        last, self._last = self._last, None
        return _cut(last, self._start, last.end) if last is not None and self._waits else []


def remove_overlaps(windows: Iterable[Window]) -> Iterator[Window]:
    """Cuts all windows of one recording, in the order of their starts; nothing is assumed."""
    remover = OverlapRemover(lookahead=True)
    for window in windows:
        yield from remover.add(window)
    yield from remover.finish()


def _cut(window: Window, start: float, end: float) -> list[Window]:
    if milliseconds(end) <= milliseconds(start):
        return []
    return [replace(window, start=start, end=end)]
