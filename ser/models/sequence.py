"""Input and pooling of networks that read a sequence of steps, with a mask for padding.

A mask has the shape (batch, steps, 1): 1 for real steps, 0 for padding. It is None for pooled
tables, which have no padding.
"""

from __future__ import annotations

from typing import Any

from ser.models.base import Problem, standardized_input

MIN_FRAMES = 16
"""With fewer frames there is no time axis to convolve along. Pooled tables have one frame."""

MOMENTUM = 0.9
"""Momentum of batch normalization. An epoch of a small corpus has a few dozen steps, and running
statistics have to follow within these; Keras's default of 0.99 would still remember the first."""


def sequence_input(keras: Any, problem: Problem) -> tuple[Any, Any, Any]:
    """Makes the input of a network along time, and its mask.

    Frames behind the end of a clip are zero in every coefficient; that is how padding is
    recognized. It stays zero where features are standardized.

    For a pooled table, which has no time axis, the coefficients are the steps.

    Args:
        keras: The module.
        problem: Sizes and statistics.

    Returns:
        The input tensor; the standardized features (batch, steps, channels); the mask.
    """
    entry, x = standardized_input(keras, problem)
    if problem.frames < MIN_FRAMES:
        return entry, keras.layers.Permute((2, 1), name="coefficients_as_steps")(x), None
    nonzero = keras.ops.any(keras.ops.not_equal(entry, 0.0), axis=-1, keepdims=True)
    mask = keras.ops.cast(nonzero, "float32")
    if x is not entry:
        x = keras.layers.Multiply(name="padding_to_zero")([x, mask])
    return entry, x, mask


def pool_mask(keras: Any, mask: Any, factor: int) -> Any:
    """Computes the mask behind a pooling with padding ``same``.

    Args:
        keras: The module.
        mask: The mask in front of the pooling.
        factor: How many steps become one. The new step is real if one of them is.

    Returns:
        The mask of the remaining steps, (batch, ceil(steps / factor), 1); None for None.
    """
    if mask is None or factor == 1:
        return mask
    return keras.layers.MaxPooling1D(factor, padding="same")(mask)


def averaging_weights(keras: Any, mask: Any) -> Any:
    """Computes the weights of an average over the real steps.

    Args:
        keras: The module.
        mask: The mask of the steps.

    Returns:
        Shape (batch, steps, 1), with the sum 1 over the steps; None for None.
    """
    if mask is None:
        return None
    # A step of padding weighs 1e-13 of a real one. A clip of nothing but zeros, such as digital
    # silence, is averaged as a whole: dividing by the number of real steps would divide by zero.
    return keras.layers.Softmax(axis=1)(mask * 30.0)


def masked_mean(keras: Any, x: Any, weights: Any) -> Any:
    """Averages over the steps.

    Args:
        keras: The module.
        x: Shape (batch, steps, channels).
        weights: From `averaging_weights`; None weighs all steps alike.

    Returns:
        Shape (batch, channels).
    """
    if weights is None:
        return keras.layers.GlobalAveragePooling1D()(x)
    return keras.layers.Flatten()(keras.layers.Dot(axes=1)([weights, x]))
