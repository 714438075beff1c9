"""Mixes the clips of a batch in pairs, and their emotions with them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]


def mixup(batch: Sequence[Values], alpha: float, rng: np.random.Generator) -> list[Values]:
    """Mixes each clip of a batch with another one.

    mixup (Zhang et al., ICLR 2018): where a network may not be sure of mixtures, it cannot learn
    clips by heart. Each clip stays the greater part of its own mixture.

    Args:
        batch: What belongs to the clips: features, targets, weights; shape (batch, ...) each.
        alpha: Both parameters of the beta distribution that shares are drawn from; the greater, the
            more even the mixtures.
        rng: The source of chance.

    Returns:
        The same, mixed.
    """
    size = len(batch[0])
    share = rng.beta(alpha, alpha, size).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(size)

    def mixed(values: Values) -> Values:
        own = share.reshape(size, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[other]

    return [mixed(values) for values in batch]
