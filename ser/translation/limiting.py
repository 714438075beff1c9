"""Keeps samples within what files hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

CEILING = 0.98
"""The greatest amplitude that is written."""


def limited(samples: Samples) -> Samples:
    """Turns samples down as a whole where any of them is too large.

    A loud voice is loud beside the other sounds of the same recording; so all of it is turned down,
    and nothing is bent.

    Args:
        samples: Shape (samples,) or (samples, channels).
    """
    factor = factor_for(samples)
    return samples if factor == 1 else samples * np.float32(factor)


def factor_for(samples: Samples) -> float:
    """Gives the factor, at most 1, that makes samples fit."""
    if not samples.size:
        return 1.0
    peak = float(max(samples.max(), -samples.min()))
    return 1.0 if peak <= 1 else CEILING / peak
