"""Time, stretched by a network: resampling that gradients go through."""

from __future__ import annotations

from typing import Any

import numpy as np

# A line between two neighbours has no slope on either of them: without this, a stretch of nothing
# would have no gradient.
_OFF = 1e-3


def warp(keras: Any, values: Any, real: Any, stretch: Any, length: int) -> tuple[Any, Any]:
    """Stretches sequences in time.

    Where in the source each step of the result comes from depends smoothly on the stretch, and the
    result is read there in straight lines between neighbours: so a loss on the result tells the
    network how long each sound should be.

    Args:
        keras: The module.
        values: Shape (batch, steps, n).
        real: 1 where a step is real and 0 where it is padding, (batch, steps, 1).
        stretch: Logarithm of how many times as long each step becomes, (batch, steps, 1).
        length: Steps of the result; what is longer is cut off.

    Returns:
        The result, (batch, length, n), 0 behind its end; and its own `real`, (batch, length, 1).
    """
    ops = keras.ops
    steps = values.shape[1]
    # Middles of the result's steps, down; numbers of the source's, across.
    middles = (np.arange(length, dtype=np.float32) + 0.5).reshape(1, length, 1)
    numbers = np.arange(steps, dtype=np.float32).reshape(1, 1, steps)
    lasts = ops.transpose(ops.exp(stretch) * real, (0, 2, 1))
    ends = ops.cumsum(lasts, axis=2)
    over = ops.cast(ops.less_equal(ends, middles), "float32")
    total = ops.sum(lasts, axis=2, keepdims=True)
    inside = ops.cast(ops.greater(total, middles), "float32")
    # The source step in which the middle lies: the first that is not over.
    here = ops.concatenate([ops.ones_like(over[:, :, :1]), over[:, :, :-1]], axis=2) - over
    began = ops.sum(over * lasts, axis=2, keepdims=True)
    own = ops.sum(here * lasts, axis=2, keepdims=True)
    part = ops.subtract(middles, began) / ops.maximum(own, 1e-3)
    # Before the first middle and behind the last one there is nothing to draw a line to.
    most = ops.sum(ops.transpose(real, (0, 2, 1)), axis=2, keepdims=True) - 1.0
    place = ops.sum(over, axis=2, keepdims=True) + part + (_OFF - 0.5)
    place = ops.minimum(ops.maximum(place, 0.0), ops.maximum(most, 0.0))
    weights = ops.relu(1.0 - ops.abs(place - numbers)) * inside
    return ops.matmul(weights, values), inside
