"""Augmentation by a lowpass, as if recorded at a lower sample rate."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters, Transform, fit_length


class Lowpass(Transform):
    """Removes all above `value` hertz, by resampling to twice that rate and back.

    Clips of at most that sample rate are not changed.
    """

    __slots__ = ()
    name: ClassVar[str] = "lowpass"
    unit: ClassVar[str] = "Hz"
    meaning: ClassVar[str] = "hertz that are let through"
    decimals: ClassVar[int] = 0
    default: ClassVar[tuple[float, float]] = (3500.0, 8000.0)
    bounds: ClassVar[tuple[float, float]] = (500.0, 96_000.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Filters; see `Transform.apply`."""
        lower = 2 * round(parameters.value)
        if lower >= rate:
            return samples
        return fit_length(
            reader.resample(reader.resample(samples, rate, lower), lower, rate), len(samples)
        )
