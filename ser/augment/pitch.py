"""Augmentation by a shift of pitch at the same duration."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform, fit_length
from ser.augment.speed import change_speed
from ser.augment.stretch import stretch


class Pitch(Transform):
    """Raises the pitch by semitones: stretches the clip, and plays it faster.

    The formants move along, as with a shorter or longer vocal tract.
    """

    __slots__ = ()
    name: ClassVar[str] = "pitch"
    unit: ClassVar[str] = "st"
    meaning: ClassVar[str] = "semitones"
    decimals: ClassVar[int] = 2
    default: ClassVar[tuple[float, float]] = (-2.0, 2.0)
    bounds: ClassVar[tuple[float, float]] = (-24.0, 24.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Shifts the pitch; see `Transform.apply`."""
        factor = 2 ** (parameters.value / 12)
        return fit_length(change_speed(stretch(samples, rate, factor), factor), len(samples))
