"""Normalisation over one clip, so that a recording's level does not matter."""

from __future__ import annotations

import numpy as np

from ser.arrays import Matrix
from ser.features.layout import columns
from ser.features.spec import FeatureSpec

# Under this standard deviation values are constant but for rounding, as in silence; dividing by
# it would turn the rounding into a signal.
_FLAT = 1e-3


def normalise(matrix: Matrix, spec: FeatureSpec) -> Matrix:
    """Normalises a clip's features as its specification says.

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
        return _standardised(matrix, axis=0)
    families = columns(spec)
    width = max(part.stop for part in families.values())
    blocks = [
        matrix[:, order * width + part.start : order * width + part.stop]
        for order in range(1 + spec.deltas)
        for part in families.values()
    ]
    return np.concatenate([_standardised(block, axis=None) for block in blocks], axis=1)


def _standardised(matrix: Matrix, *, axis: int | None) -> Matrix:
    # Sums over long clips lose digits in float32.
    mean = matrix.mean(axis=axis, dtype=np.float64).astype(np.float32)
    centred = matrix - mean
    deviation = centred.std(axis=axis, dtype=np.float64).astype(np.float32)
    scaled: Matrix = centred / np.maximum(deviation, np.float32(_FLAT))
    return scaled
