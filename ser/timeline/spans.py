"""Which window speaks for which moment, where windows overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ser.timeline.record import NO_SPEECH, Window

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
