"""Keeps samples within what files hold."""

from __future__ import annotations

import numpy as np

from ser.arrays import Samples

CEILING = 0.98
"""The greatest amplitude of what had to be turned down."""

# How fast a stream that was turned down rises again, in decibels per second, and how long it takes
# to go over from one factor to the next, in seconds.
_RISE = 0.25
_CROSSING = 0.02


def limited(samples: Samples) -> Samples:
    """Turns samples down as a whole where any of them is too large.

    A loud voice is loud beside the other sounds of the same recording; so all of it is turned down,
    and nothing is bent.

    Args:
        samples: Shape (samples,) or (samples, channels).
    """
    factor = factor_for(samples)
    return samples if factor == 1 else np.clip(samples * np.float32(factor), -1, 1)


def factor_for(samples: Samples) -> float:
    """Gives the factor, at most 1, that makes samples fit."""
    if not samples.size:
        return 1.0
    peak = float(max(samples.max(), -samples.min()))
    return 1.0 if peak <= 1 else CEILING / peak


class Headroom:
    """Turns a stream down as soon as a part of it is too loud, and lets it rise again slowly.

    Args:
        rate: Hertz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._factor = 1.0

    def fitted(self, part: Samples) -> Samples:
        """Fits the next part in.

        Args:
            part: Shape (samples,) or (samples, channels); it begins where sudden changes are not
                heard, because it is quiet.
        """
        before = self._factor
        risen = before * 10 ** (_RISE * len(part) / self._rate / 20)
        self._factor = min(1.0, risen, factor_for(part))
        if self._factor == before == 1:
            return part
        size = min(len(part), max(1, round(_CROSSING * self._rate)))
        factors = np.full(len(part), self._factor, np.float32)
        factors[:size] = np.linspace(before, self._factor, size)
        result: Samples = np.clip((part.T * factors).T, -1, 1)
        return result
