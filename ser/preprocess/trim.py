"""Cleaning: the silence at both ends of a clip is cut off."""

from __future__ import annotations

from typing import ClassVar

from ser.arrays import Samples
from ser.preprocess.base import Step
from ser.preprocess.silence import trim


class Trim(Step):
    """Cuts off the ends that lie `value` decibels under the clip's loudest moment.

    The same as ``trim`` of the feature specification, but at the place among the other steps that
    the user gives it: behind noise reduction silence is silent.
    """

    __slots__ = ()
    name: ClassVar[str] = "trim"
    meaning: ClassVar[str] = "number of decibels under the peak"
    default: ClassVar[float] = 40.0
    bounds: ClassVar[tuple[float, float]] = (1.0, 120.0)

    def __call__(self, samples: Samples, rate: int) -> Samples:
        """Cuts; see `Step.__call__`. A clip of pure silence is kept whole."""
        return trim(samples, self.value)
