"""What becomes of windows between the network and the output."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ser.arrays import Doubles
from ser.errors import SerError
from ser.labels import NO_SPEECH, NOT_EMOTIONS, UNCERTAIN
from ser.timeline.overlap import adjoin, apart
from ser.timeline.window import Window

# Windows about which a model is not sure.


def doubted(windows: Iterable[Window], least: float) -> Iterator[Window]:
    """Calls windows uncertain where the most probable emotion is not probable enough.

    Args:
        windows: Any windows.
        least: The confidence from which on an emotion is believed, 0 to 1.

    Yields:
        The windows; uncertain ones keep their probabilities and their confidence.
    """
    for window in windows:
        if window.confidence < least and window.emotion != NO_SPEECH:
            yield replace(window, emotion=UNCERTAIN)
        else:
            yield window


@dataclass(frozen=True, slots=True)
class Refinement:
    """What becomes of the windows before they are written.

    Attributes:
        stay: See `ser.timeline.postprocess.smoothed`; None or 0 for not at all.
        least: See `ser.timeline.postprocess.doubted`; 0 for not at all.
        join: Whether neighbours of one emotion become one record.
    """

    stay: float | None
    least: float
    join: bool

    def __call__(self, windows: Iterable[Window]) -> Iterator[Window]:
        """Refines the windows of one recording, as they come."""
        if self.stay:
            windows = smoothed(windows, self.stay)
        if self.least:
            windows = doubted(windows, self.least)
        return segments(windows) if self.join else iter(windows)


# Neighbouring windows of one emotion, joined to one record.

STAY = 0.8
"""How windows are smoothed before they are joined, see `ser.timeline.postprocess`, and"""
OVERLAP = 2
"""how many windows lie over each moment. Chosen by benchmarks/segments.py on RAVDESS clips joined
to recordings (published folds 1 and 3, speakers apart): segment F1 0.41, where windows side by side
without smoothing have 0.25, and those with smoothing 0.40 at a coarser grid. Three windows over
each moment and 0.65 name more moments rightly and find fewer segments (the other folds: UAR 0.664
instead of 0.643, F1 0.45 instead of 0.48)."""


def segments(windows: Iterable[Window]) -> Iterator[Window]:
    """Joins the windows of one recording.

    Where windows overlap, the later one takes over in the middle, so that segments do not overlap.
    A segment's probabilities are those of its windows, averaged over the time that each holds;
    its confidence is the average of its emotion, or for uncertain ones that of the most probable.

    Args:
        windows: In the order of their starts.

    Yields:
        Segments in the same order.
    """
    group: list[Window] = []
    for window in apart(windows):
        if group and (window.emotion != group[-1].emotion or not adjoin(group[-1], window)):
            yield _joined(group)
            group = []
        group.append(window)
    if group:
        yield _joined(group)


def _joined(group: list[Window]) -> Window:
    first = group[0]
    total = sum(window.end - window.start for window in group)
    mean = {
        name: sum(w.probabilities[name] * (w.end - w.start) for w in group) / total
        for name in first.probabilities
    }
    if first.emotion in NOT_EMOTIONS:
        confidence = max(mean.values(), default=0.0)
    else:
        confidence = mean[first.emotion]
    return replace(first, end=group[-1].end, confidence=confidence, probabilities=mean)


# Emotions that last: windows smoothed by what comes before and after them.


LAG_SECONDS = 30.0
"""How far ahead is looked at most: what is said later than that changes nothing any more."""

_FLOOR = 1e-6


def smoothed(windows: Iterable[Window], stay: float) -> Iterator[Window]:
    """Smooths a recording's windows with a hidden Markov model.

    The hidden state is the emotion. From one second to the next it stays with probability `stay`
    and otherwise becomes any emotion, all alike; the model's probabilities are what is observed.
    Each window gets the probability of each emotion given all windows before it and those of the
    `LAG_SECONDS` behind it (forward-backward algorithm with a fixed lag; Rabiner, Proceedings of
    the IEEE 77, 1989), so that results come while the recording still runs. Windows that overlap
    saw the same sound: each counts by the seconds that are new in it. After a gap, and after
    windows without speech, all begins anew.

    Args:
        windows: In the order of their starts.
        stay: Probability per second, at least 0 and under 1.

    Yields:
        Windows with the same times.

    Raises:
        SerError: `stay` is no such probability.
    """
    if not 0 <= stay < 1:
        raise SerError("--smooth", "is not a probability under 1", "give 0.9, say")
    waiting: deque[tuple[Window, Doubles, float, Doubles]] = deque()
    forward: Doubles | None = None
    last: Window | None = None
    for window in windows:
        spoken = window.emotion != NO_SPEECH
        if waiting and (not spoken or last is None or not adjoin(last, window)):
            yield from _released(waiting, stay, None)
            forward = None
        if not spoken:
            yield window
            last = None
            continue
        # Seconds since the last window: how long the emotion had to change.
        step = window.end - window.start if last is None else window.start - last.start
        seen = _observed(window, step)
        forward = _normalised(seen if forward is None else _moved(forward, stay, step) * seen)
        waiting.append((window, seen, step, forward))
        last = window
        yield from _released(waiting, stay, window.end - LAG_SECONDS)
    yield from _released(waiting, stay, None)


def _released(
    waiting: deque[tuple[Window, Doubles, float, Doubles]], stay: float, before: float | None
) -> Iterator[Window]:
    """Gives the windows that end before a moment, all of them for None."""
    while waiting and (before is None or waiting[0][0].end <= before):
        backward = np.ones(len(waiting[0][1]))
        for _, seen, step, _ in list(waiting)[:0:-1]:
            backward = _normalised(_moved(seen * backward, stay, step))
        window, _, _, forward = waiting.popleft()
        posterior = _normalised(forward * backward)
        best = int(posterior.argmax())
        names = list(window.probabilities)
        yield replace(
            window,
            emotion=names[best],
            confidence=float(posterior[best]),
            probabilities=dict(zip(names, posterior.tolist(), strict=True)),
        )


def _observed(window: Window, step: float) -> Doubles:
    length = window.end - window.start
    share = min(1.0, step / length) if length > 0 else 1.0
    values = np.maximum(np.array(list(window.probabilities.values())), _FLOOR)
    seen: Doubles = values**share
    return seen


def _moved(state: Doubles, stay: float, seconds: float) -> Doubles:
    """Lets time pass: the same forwards and backwards, since the model is symmetric."""
    kept = stay**seconds
    moved: Doubles = kept * state + (1 - kept) * state.mean()
    return moved


def _normalised(state: Doubles) -> Doubles:
    result: Doubles = state / state.sum()
    return result
