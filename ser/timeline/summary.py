"""What a whole recording comes to: shares of time, changes, the strongest moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ser.timeline.record import Window
from ser.timeline.spans import adjoin, border


@dataclass(frozen=True, slots=True)
class Summary:
    """One recording in a line.

    Attributes:
        file: The recording's path as the user gave it, or ``-``.
        seconds: The time that the windows cover.
        windows: How many windows there were.
        emotion: The emotion with the largest share, empty where there were no windows.
        shares: Per label the share of `seconds` in which it was the most probable, 0 to 1.
        changes: How often the most probable label changed from one window to the next.
        strongest: The window of the highest confidence, None where there were no windows.
        probabilities: Per label the mean probability, weighted by time.
    """

    file: str
    seconds: float
    windows: int
    emotion: str
    shares: Mapping[str, float]
    changes: int
    strongest: Window | None
    probabilities: Mapping[str, float]


class Summariser:
    """Gathers windows of one recording into a `Summary`, in constant memory.

    Where windows overlap, the later one takes over in the middle: every second counts once.

    Args:
        file: The recording's name.
        labels: The model's labels in its order.
    """

    def __init__(self, file: str, labels: Sequence[str]) -> None:
        self._file = file
        self._seconds = dict.fromkeys(labels, 0.0)
        self._weighted = dict.fromkeys(labels, 0.0)
        self._windows = 0
        self._changes = 0
        self._strongest: Window | None = None
        self._last: Window | None = None
        self._from = 0.0

    def add(self, window: Window) -> None:
        """Takes the next window; windows come in the order of their starts."""
        if self._last is not None:
            self._changes += window.emotion != self._last.emotion
            change = border(self._last, window)
            _count(self._seconds, self._weighted, self._last, change - self._from)
            self._from = change if adjoin(self._last, window) else window.start
        else:
            self._from = window.start
        if self._strongest is None or window.confidence > self._strongest.confidence:
            self._strongest = window
        self._windows += 1
        self._last = window

    def result(self) -> Summary:
        """Gives the summary of the windows so far; more may follow."""
        seconds, weighted = dict(self._seconds), dict(self._weighted)
        if self._last is not None:
            _count(seconds, weighted, self._last, self._last.end - self._from)
        total = sum(seconds.values())
        return Summary(
            file=self._file,
            seconds=total,
            windows=self._windows,
            emotion=max(seconds, key=seconds.__getitem__) if total else "",
            shares={name: value / total if total else 0.0 for name, value in seconds.items()},
            changes=self._changes,
            strongest=self._strongest,
            probabilities={n: value / total if total else 0.0 for n, value in weighted.items()},
        )


def _count(
    seconds: dict[str, float], weighted: dict[str, float], window: Window, held: float
) -> None:
    seconds[window.emotion] = seconds.get(window.emotion, 0.0) + held
    for name, probability in window.probabilities.items():
        weighted[name] = weighted.get(name, 0.0) + probability * held
