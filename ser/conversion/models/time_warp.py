"""Differentiable time warping: sequences are stretched by a network and resampled."""

from __future__ import annotations

from typing import Any

import numpy as np

# Linear interpolation has no slope at the samples themselves: without this offset, a stretch of 1
# would have no gradient.
_OFFSET = 1e-3


def warp(keras: Any, values: Any, mask: Any, stretch: Any, length: int) -> tuple[Any, Any]:
    """Stretches sequences in time.

    The source position of each step of the result is a smooth function of the stretch, and the
    result is interpolated linearly there: so the gradient of a loss on the result tells the network
    how long each sound should be.

    Args:
        keras: The module.
        values: Shape (batch, steps, n).
        mask: 1 for a step and 0 for padding, (batch, steps, 1).
        stretch: Logarithm of the factor by which each step becomes longer, (batch, steps, 1).
        length: Steps of the result; what is longer is cut off.

    Returns:
        The result, (batch, length, n), 0 behind its end; and its own mask, (batch, length, 1).
    """
    ops = keras.ops
    steps = values.shape[1]
    # Centers of the result's steps in rows, step numbers of the source in columns.
    centers = (np.arange(length, dtype=np.float32) + 0.5).reshape(1, length, 1)
    numbers = np.arange(steps, dtype=np.float32).reshape(1, 1, steps)
    durations = ops.transpose(ops.exp(stretch) * mask, (0, 2, 1))
    ends = ops.cumsum(durations, axis=2)
    passed = ops.cast(ops.less_equal(ends, centers), "float32")
    total = ops.sum(durations, axis=2, keepdims=True)
    inside = ops.cast(ops.greater(total, centers), "float32")
    # One-hot: the source step in which the center lies, the first that has not passed.
    current = ops.concatenate([ops.ones_like(passed[:, :, :1]), passed[:, :, :-1]], axis=2) - passed
    start = ops.sum(passed * durations, axis=2, keepdims=True)
    duration = ops.sum(current * durations, axis=2, keepdims=True)
    fraction = ops.subtract(centers, start) / ops.maximum(duration, 1e-3)
    # Before the first center and behind the last one there is nothing to interpolate with.
    last = ops.sum(ops.transpose(mask, (0, 2, 1)), axis=2, keepdims=True) - 1.0
    place = ops.sum(passed, axis=2, keepdims=True) + fraction + (_OFFSET - 0.5)
    place = ops.minimum(ops.maximum(place, 0.0), ops.maximum(last, 0.0))
    weights = ops.relu(1.0 - ops.abs(place - numbers)) * inside
    return ops.matmul(weights, values), inside
