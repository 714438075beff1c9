"""Features as a sequence of steps, of which some are padding."""

from __future__ import annotations

from typing import Any

from ser.models.base import Problem, inputs

FEWEST_FRAMES = 16
"""Fewer frames than this are no time axis to look along: pooled tables have one."""

MOMENTUM = 0.9
"""Of batch normalisation: running statistics that follow within a few dozen steps. An epoch of a
small corpus has no more, and Keras's default of 0.99 would still remember the first one."""


def along_time(keras: Any, problem: Problem) -> tuple[Any, Any, Any]:
    """Makes the input of a network that goes along time.

    A table's frames are followed by zeros where a clip is shorter than the longest one. They are
    known by being zero in every coefficient, and stay zero where features are standardised.

    A pooled table has no time axis: its coefficients, in their order, are the steps.

    Args:
        keras: The module.
        problem: Sizes and statistics.

    Returns:
        The input; the features to go on with, (batch, steps, channels); and for each step 1 where
        it is real and 0 where it is padding, (batch, steps, 1), or None for a pooled table.
    """
    entry, x = inputs(keras, problem)
    if problem.frames < FEWEST_FRAMES:
        return entry, keras.layers.Permute((2, 1), name="coefficients_as_steps")(x), None
    found = keras.ops.any(keras.ops.not_equal(entry, 0.0), axis=-1, keepdims=True)
    real = keras.ops.cast(found, "float32")
    if x is not entry:
        x = keras.layers.Multiply(name="padding_to_zero")([x, real])
    return entry, x, real


def pooled_steps(keras: Any, real: Any, factor: int) -> Any:
    """Follows the mask through a pooling with padding ``same``: a step with any real one is real.

    Args:
        keras: The module.
        real: From `along_time`.
        factor: How many steps become one.

    Returns:
        The mask of the steps that are left, (batch, ceil(steps / factor), 1), or None.
    """
    if real is None or factor == 1:
        return real
    return keras.layers.MaxPooling1D(factor, padding="same")(real)


def shares(keras: Any, real: Any) -> Any:
    """Gives what each step counts in an average over the real ones.

    Args:
        keras: The module.
        real: From `along_time` or `pooled_steps`.

    Returns:
        (batch, steps, 1), with the sum 1 over the steps; or None.
    """
    if real is None:
        return None
    # A step of padding counts 1e-13 of a real one. A clip of nothing but zeros, such as digital
    # silence, is averaged as a whole: dividing by the number of real steps would divide by zero.
    return keras.layers.Softmax(axis=1)(real * 30.0)


def mean_over_time(keras: Any, x: Any, share: Any) -> Any:
    """Averages the steps.

    Args:
        keras: The module.
        x: (batch, steps, channels).
        share: From `shares`; None counts all steps alike.

    Returns:
        (batch, channels).
    """
    if share is None:
        return keras.layers.GlobalAveragePooling1D()(x)
    return keras.layers.Flatten()(keras.layers.Dot(axes=1)([share, x]))
