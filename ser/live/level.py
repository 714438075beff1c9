"""How loud it is right now."""

from __future__ import annotations

import math

import numpy as np

from ser.audio import Samples

SOFTEST_DB = -60.0
"""What a level meter begins at."""


def decibels(samples: Samples) -> float:
    """Gives the level of a block in decibels below a full-scale square wave.

    Args:
        samples: Shape (samples,), in -1 to 1.

    Returns:
        At most 0 for samples in range; minus infinity for silence and for no samples.
    """
    power = float(np.square(samples, dtype=np.float64).mean()) if len(samples) else 0.0
    return 10 * math.log10(power) if power else -math.inf


def meter(samples: Samples) -> float:
    """Gives a block's level as a share of a level meter, 0 to 1; it begins at `SOFTEST_DB`."""
    return min(max(1 - decibels(samples) / SOFTEST_DB, 0.0), 1.0)
