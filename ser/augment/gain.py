"""Augmentation by amplification or attenuation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform


class Gain(Transform):
    """Amplifies by decibels. What then exceeds full scale is clipped, as recorders do."""

    __slots__ = ()
    name: ClassVar[str] = "gain"
    unit: ClassVar[str] = "dB"
    meaning: ClassVar[str] = "decibels of amplification"
    decimals: ClassVar[int] = 2
    default: ClassVar[tuple[float, float]] = (-10.0, 10.0)
    bounds: ClassVar[tuple[float, float]] = (-80.0, 80.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Amplifies; see `Transform.apply`."""
        # Samples that exceeded full scale before are not clipped when they are attenuated.
        limit = max(1.0, float(np.abs(samples).max()))
        louder: Samples = samples * np.float32(10 ** (parameters.value / 20))
        return np.clip(louder, -limit, limit)
