"""Postprocessing of windows between classifier and output: smoothing, uncertainty, segments."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ser.arrays import Doubles
from ser.errors import ParameterError
from ser.labels import NO_SPEECH, NOT_EMOTIONS, UNCERTAIN
from ser.timeline.overlap import adjoin, remove_overlaps
from ser.timeline.window import Window

SEGMENT_SMOOTHING = 0.8
"""The `stay` of `smooth` for windows that are joined to segments."""

SEGMENT_OVERLAP = 2
"""How many windows lie over each moment where they are joined to segments.

Both were chosen by benchmarks/segments.py on RAVDESS clips joined to recordings (published folds 1
and 3, speakers apart): segment F1 0.41, where windows side by side without smoothing have 0.25, and
those with smoothing 0.40 at a coarser grid. Three windows over each moment and 0.65 name more
moments rightly and find fewer segments (the other folds: UAR 0.664 instead of 0.643, F1 0.45
instead of 0.48).
"""

LAG_SECONDS = 30.0
"""How far ahead smoothing looks: windows later than that do not change a window any more."""

_PROBABILITY_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Postprocessing:
    """The steps between classifier and output, in their order.

    Attributes:
        stay: See `smooth`; None or 0 leaves smoothing out.
        min_confidence: See `mark_uncertain`; 0 marks none.
        join: Whether adjacent windows of one emotion become one segment; see `join_segments`.
    """

    stay: float | None = None
    min_confidence: float = 0.0
    join: bool = False

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ParameterError: `stay` or `min_confidence` is out of its range.
        """
        if self.stay is not None:
            _check_stay(self.stay)
        if not 0 <= self.min_confidence <= 1:
            raise ParameterError(
                "min_confidence", "is not from 0 to 1", "give 0.5, say", self.min_confidence
            )

    def __call__(
        self, windows: Iterable[Window], part: Callable[[Window], None] | None = None
    ) -> Iterator[Window]:
        """Processes the windows of one recording as they come.

        Args:
            windows: The windows in the order of their starts.
            part: Called with each window that is joined to others, before it is.
        """
        if self.stay:
            windows = smooth(windows, self.stay)
        if self.min_confidence:
            windows = mark_uncertain(windows, self.min_confidence)
        if not self.join:
            return iter(windows)
        return join_segments(windows if part is None else _told(windows, part))


def _told(windows: Iterable[Window], part: Callable[[Window], None]) -> Iterator[Window]:
    for window in windows:
        part(window)
        yield window


def mark_uncertain(windows: Iterable[Window], min_confidence: float) -> Iterator[Window]:
    """Marks windows as uncertain whose most probable emotion is not probable enough.

    Args:
        windows: Any windows.
        min_confidence: The confidence from which on an emotion is kept, 0 to 1.

    Yields:
        The windows; uncertain ones keep their probabilities and their confidence.
    """
    for window in windows:
        if window.confidence < min_confidence and window.emotion != NO_SPEECH:
            yield replace(window, emotion=UNCERTAIN)
        else:
            yield window


def join_segments(windows: Iterable[Window]) -> Iterator[Window]:
    """Joins adjacent windows of one emotion to segments.

    Where windows overlap, the later one takes over in the middle, so that segments do not overlap.
    A segment's probabilities are those of its windows, averaged over the time that each holds;
    its confidence is the average of its emotion, or for uncertain ones that of the most probable.

    Args:
        windows: The windows of one recording in the order of their starts.

    Yields:
        Segments in the same order.
    """
    group: list[Window] = []
    for window in remove_overlaps(windows):
        if group and (window.emotion != group[-1].emotion or not adjoin(group[-1], window)):
            yield _average(group)
            group = []
        group.append(window)
    if group:
        yield _average(group)


def mean_probabilities(windows: Sequence[Window]) -> dict[str, float]:
    """Averages the probabilities of windows over the time that each holds.

    Args:
        windows: At least one, of the same labels.
    """
    total = sum(window.end - window.start for window in windows)
    return {
        name: sum(w.probabilities[name] * (w.end - w.start) for w in windows) / total
        for name in windows[0].probabilities
    }


def _average(group: list[Window]) -> Window:
    first = group[0]
    mean = mean_probabilities(group)
    if first.emotion in NOT_EMOTIONS:
        confidence = max(mean.values(), default=0.0)
    else:
        confidence = mean[first.emotion]
    # A set of one of the windows is none of the segment.
    return replace(
        first,
        end=group[-1].end,
        confidence=confidence,
        probabilities=mean,
        prediction_set=first.prediction_set if len(group) == 1 else None,
    )


class _State(NamedTuple):
    """A window that waits for its smoothed probabilities.

    Attributes:
        window: The window.
        observed: Likelihood of each emotion, shape (labels,).
        seconds: Seconds since the window before it began.
        forward: Probability of each emotion given all windows up to this one, (labels,).
    """

    window: Window
    observed: Doubles
    seconds: float
    forward: Doubles


def smooth(windows: Iterable[Window], stay: float) -> Iterator[Window]:
    """Smooths a recording's windows with a hidden Markov model.

    The hidden state is the emotion. From one second to the next it stays with probability `stay`
    and otherwise becomes any emotion, all alike; the model's probabilities are what is observed.
    Each window gets the probability of each emotion given all windows before it and those of the
    `LAG_SECONDS` behind it (forward-backward algorithm with a fixed lag; Rabiner, Proceedings of
    the IEEE 77, 1989), so that results come while the recording still runs. Windows that overlap
    saw the same sound: each counts by the seconds that are new in it. After a gap, and after
    windows without speech, the model starts anew.

    Args:
        windows: In the order of their starts.
        stay: Probability per second, at least 0 and under 1.

    Yields:
        Windows with the same times.

    Raises:
        ParameterError: `stay` is no such probability.
    """
    _check_stay(stay)
    waiting: deque[_State] = deque()
    forward: Doubles | None = None
    last: Window | None = None
    for window in windows:
        speech = window.emotion != NO_SPEECH
        if waiting and (not speech or last is None or not adjoin(last, window)):
            yield from _release(waiting, stay, None)
            forward = None
        if not speech:
            yield window
            last = None
            continue
        # Seconds since the last window: how long the emotion had to change.
        seconds = window.end - window.start if last is None else window.start - last.start
        observed = _likelihood(window, seconds)
        prior = 1.0 if forward is None else _transition(forward, stay, seconds)
        forward = _normalize(prior * observed)
        waiting.append(_State(window, observed, seconds, forward))
        last = window
        yield from _release(waiting, stay, window.end - LAG_SECONDS)
    yield from _release(waiting, stay, None)


def _check_stay(stay: float) -> None:
    if not 0 <= stay < 1:
        raise ParameterError("smooth", "is not a probability under 1", "give 0.9, say", stay)


def _release(waiting: deque[_State], stay: float, before: float | None) -> Iterator[Window]:
    """Gives the windows that end before a moment in seconds, all of them for None."""
    while waiting and (before is None or waiting[0].window.end <= before):
        backward = np.ones(len(waiting[0].observed))
        for later in list(waiting)[:0:-1]:
            backward = _normalize(_transition(later.observed * backward, stay, later.seconds))
        state = waiting.popleft()
        posterior = _normalize(state.forward * backward)
        best = int(posterior.argmax())
        names = list(state.window.probabilities)
        yield replace(
            state.window,
            emotion=names[best],
            confidence=float(posterior[best]),
            probabilities=dict(zip(names, posterior.tolist(), strict=True)),
        )


def _likelihood(window: Window, seconds: float) -> Doubles:
    """Weighs a window's probabilities by the share of its sound that is new."""
    length = window.end - window.start
    share = min(1.0, seconds / length) if length > 0 else 1.0
    values = np.maximum(np.array(list(window.probabilities.values())), _PROBABILITY_FLOOR)
    likelihood: Doubles = values**share
    return likelihood


def _transition(state: Doubles, stay: float, seconds: float) -> Doubles:
    """Lets time pass: the same forwards and backwards, since the model is symmetric."""
    kept = stay**seconds
    moved: Doubles = kept * state + (1 - kept) * state.mean()
    return moved


def _normalize(state: Doubles) -> Doubles:
    normalized: Doubles = state / state.sum()
    return normalized
