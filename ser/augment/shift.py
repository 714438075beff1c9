"""Augmentation by a shift in time."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform


class Shift(Transform):
    """Shifts by seconds, later where they are positive; zeros fill the gap, the length stays."""

    __slots__ = ()
    name: ClassVar[str] = "shift"
    unit: ClassVar[str] = "s"
    meaning: ClassVar[str] = "seconds later"
    decimals: ClassVar[int] = 3
    default: ClassVar[tuple[float, float]] = (-0.3, 0.3)
    bounds: ClassVar[tuple[float, float]] = (-60.0, 60.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Shifts; see `Transform.apply`."""
        count = round(parameters.value * rate)
        # At least one sample has to stay.
        count = max(1 - len(samples), min(len(samples) - 1, count))
        shifted = np.zeros_like(samples)
        if count < 0:
            shifted[:count] = samples[-count:]
        else:
            shifted[count:] = samples[: len(samples) - count]
        return shifted
