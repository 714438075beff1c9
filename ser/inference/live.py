"""Live sound: windows as they become known, each with its delay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ser.timeline.window import Window

HOP_SECONDS = 0.2
"""From one live window to the next: five results a second."""


@dataclass(slots=True)
class Delays:
    """How late windows were shown, in seconds.

    Attributes:
        count: The number of windows.
        total: The sum of their delays.
        longest: The longest delay.
        last: The delay of the last window.
    """

    count: int = 0
    total: float = 0.0
    longest: float = 0.0
    last: float = 0.0

    def add(self, delay: float) -> None:
        """Counts a window."""
        self.count += 1
        self.total += delay
        self.longest = max(self.longest, delay)
        self.last = delay

    @property
    def mean(self) -> float:
        """The mean delay; 0 where there was no window."""
        return self.total / self.count if self.count else 0.0


def middle(window: Window) -> float:
    """Gives the middle of a window: the moment that it describes, where all its sound is known."""
    return (window.start + window.end) / 2


def end(window: Window) -> float:
    """Gives the end of a window: the earliest moment at which it can be known."""
    return window.end


def follow(
    windows: Iterable[Window],
    when: Callable[[float], float | None],
    moment: Callable[[Window], float],
    delays: Delays,
    *,
    before: Callable[[], None] = lambda: None,
    show: Callable[[Window, float], None] = lambda window, delay: None,
) -> Iterator[Window]:
    """Shows windows as they pass by, and measures how late that is.

    Args:
        windows: Live ones; each is known as soon as the sound allows.
        when: Says when a moment of the sound was heard, by `time.monotonic`.
        moment: Which moment a window belongs to: `end` or `middle`.
        delays: Gets the time from that moment until the window is shown.
        before: Called before a window is passed on to where it is written.
        show: Called with the window and its delay when it has been written.

    Yields:
        The same windows.
    """
    for window in windows:
        before()
        yield window
        heard = when(moment(window))
        if heard is not None:
            delays.add(max(0.0, time.monotonic() - heard))
        show(window, delays.last)


def in_step(windows: Iterable[Window], wait: Callable[[float], bool]) -> Iterator[Window]:
    """Holds windows back until their middle is heard.

    Args:
        windows: In order, faster than the sound.
        wait: Waits for a moment; says whether it came.

    Yields:
        The windows whose moment came.
    """
    for window in windows:
        if not wait(middle(window)):
            return
        yield window
