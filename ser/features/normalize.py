"""Normalization over one clip, so that a recording's level does not matter."""

from __future__ import annotations

import numpy as np

from ser.arrays import Matrix
from ser.features.layout import columns
from ser.features.spec import FeatureSpec

# Below this standard deviation values are constant but for rounding, as in silence; a division
# would amplify the rounding.
LEAST_DEVIATION = 1e-3


def normalize(matrix: Matrix, spec: FeatureSpec) -> Matrix:
    """Normalizes a clip's features as its specification says.

    Args:
        matrix: Shape (frames, coefficients), with the deltas that the specification asks for.
        spec: ``utterance`` takes one mean and one deviation per family (and per order of its
            deltas), ``coefficient`` one of each per coefficient, ``none`` changes nothing.

    Returns:
        The same shape.
    """
    if spec.normalise == "none":
        return matrix
    if spec.normalise == "coefficient":
        return _standardize(matrix, axis=0)
    families = columns(spec)
    width = max(part.stop for part in families.values())
    blocks = [
        matrix[:, order * width + part.start : order * width + part.stop]
        for order in range(1 + spec.deltas)
        for part in families.values()
    ]
    return np.concatenate([_standardize(block, axis=None) for block in blocks], axis=1)


def _standardize(matrix: Matrix, *, axis: int | None) -> Matrix:
    # Sums over long clips lose digits in float32.
    mean = matrix.mean(axis=axis, dtype=np.float64).astype(np.float32)
    centered = matrix - mean
    deviation = centered.std(axis=axis, dtype=np.float64).astype(np.float32)
    scaled: Matrix = centered / np.maximum(deviation, np.float32(LEAST_DEVIATION))
    return scaled
