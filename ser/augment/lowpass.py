"""Augmentation: a recording made at a lower sample rate."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters, Transform, fitted


class Lowpass(Transform):
    """Takes away all above `value` hertz, by way of the sample rate of twice as much.

    Clips that have nothing above it anyway stay as they are.
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
        """Takes away what is above; see `Transform.apply`."""
        lower = 2 * round(parameters.value)
        if lower >= rate:
            return samples
        return fitted(
            reader.resample(reader.resample(samples, rate, lower), lower, rate), len(samples)
        )
