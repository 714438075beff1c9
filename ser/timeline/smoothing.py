"""Emotions that last: windows smoothed by what comes before and after them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ser.errors import SerError
from ser.timeline.record import NO_SPEECH, Window
from ser.timeline.spans import adjoin

Vector = npt.NDArray[np.float64]

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
    waiting: deque[tuple[Window, Vector, float, Vector]] = deque()
    forward: Vector | None = None
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
    waiting: deque[tuple[Window, Vector, float, Vector]], stay: float, before: float | None
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


def _observed(window: Window, step: float) -> Vector:
    length = window.end - window.start
    share = min(1.0, step / length) if length > 0 else 1.0
    values = np.maximum(np.array(list(window.probabilities.values())), _FLOOR)
    seen: Vector = values**share
    return seen


def _moved(state: Vector, stay: float, seconds: float) -> Vector:
    """Lets time pass: the same forwards and backwards, since the model is symmetric."""
    kept = stay**seconds
    moved: Vector = kept * state + (1 - kept) * state.mean()
    return moved


def _normalised(state: Vector) -> Vector:
    result: Vector = state / state.sum()
    return result
