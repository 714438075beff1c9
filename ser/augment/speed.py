"""Augmentation: another speed of the tape, which changes duration and pitch together."""

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

    def longest(self, seconds: float) -> float:
        """See `Transform.longest`."""
        return seconds / min(self.low, 1.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Plays faster; see `Transform.apply`."""
        return played(samples, parameters.value)


def played(samples: Samples, factor: float) -> Samples:
    """Resamples so that a clip played at its old rate is `factor` times as fast."""
    if factor == 1:
        return samples
    import soxr

    faster: Samples = soxr.resample(samples, factor, 1.0, "HQ")
    return faster if len(faster) else samples[:1]
