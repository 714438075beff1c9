"""What becomes of windows between the network and the output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ser.timeline.doubt import doubted
from ser.timeline.record import Window
from ser.timeline.segments import segments
from ser.timeline.smoothing import smoothed


@dataclass(frozen=True, slots=True)
class Refinement:
    """What becomes of the windows before they are written.

    Attributes:
        stay: See `ser.timeline.smoothing.smoothed`; None or 0 for not at all.
        least: See `ser.timeline.doubt.doubted`; 0 for not at all.
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
