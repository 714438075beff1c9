"""Augmentation by another playing speed, which changes duration and pitch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform


class Speed(Transform):
    """Plays faster by a factor, and higher by as much (Ko et al., Interspeech 2015)."""

    __slots__ = ()
    name: ClassVar[str] = "speed"
    unit: ClassVar[str] = ""
    meaning: ClassVar[str] = "factors of speed"
    decimals: ClassVar[int] = 4
    default: ClassVar[tuple[float, float]] = (0.9, 1.1)
    bounds: ClassVar[tuple[float, float]] = (0.25, 4.0)

    def max_duration(self, seconds: float) -> float:
        """See `Transform.max_duration`."""
        return seconds / min(self.low, 1.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Changes the speed; see `Transform.apply`."""
        return change_speed(samples, parameters.value)


def change_speed(samples: Samples, factor: float) -> Samples:
    """Resamples so that a clip change_speed at its old rate is `factor` times as fast."""
    if factor == 1:
        return samples
    import soxr

    faster: Samples = soxr.resample(samples, factor, 1.0, "HQ")
    return faster if len(faster) else samples[:1]
