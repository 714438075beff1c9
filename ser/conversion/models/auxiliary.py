"""Networks that listen to the generator: which emotion do they hear, and whom?

They are trained on real recordings and then frozen. They hear different sides of speech, so that
what persuades all of them is not a flaw of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.conversion.contour_grid import CHANGED, COLUMNS, PITCH, REAL, VOICED
from ser.models.sequence import MOMENTUM


def listener(keras: Any, name: str, steps: int, classes: int) -> Any:
    """Builds a listener, untrained.

    Args:
        keras: The module.
        name: One of `EMOTION` or `SPEAKER`.
        steps: Of 20 ms.
        classes: What it tells apart.

    Returns:
        A `keras.Model` from ``heard`` (batch, steps, COLUMNS) to probabilities (batch, classes).
    """
    heard = keras.Input((steps, COLUMNS), name="heard")
    real = heard[:, :, REAL : REAL + 1]
    x = _LISTENERS[name](keras, heard, real)
    x = keras.layers.Dropout(0.3)(x)
    answer = keras.layers.Dense(classes, activation="softmax", name="answer")(x)
    return keras.Model(heard, answer, name=name)


def _course(keras: Any, heard: Any, real: Any) -> Any:
    """Follows everything in time."""
    return _convolutions(keras, heard, real)


def _timbre(keras: Any, heard: Any, real: Any) -> Any:
    """Follows the shape of the envelope, whatever the level and the pitch."""
    keep = np.ones(COLUMNS, np.float32)
    keep[[0, PITCH]] = 0
    return _convolutions(keras, keras.layers.Rescaling(keep.tolist())(heard), real)


def _outline(keras: Any, heard: Any, real: Any) -> Any:
    """Knows statistics alone, as functionals do."""
    layers = keras.layers
    x = layers.BatchNormalization(momentum=MOMENTUM)(statistics(keras, heard, real))
    x = layers.GaussianNoise(0.1)(x)
    x = layers.Dropout(0.2)(x)
    return layers.Dense(96, activation="silu")(x)


def statistics(keras: Any, heard: Any, real: Any) -> Any:
    """Gives what is left of recordings without time: what judges of emotion mostly go by.

    Args:
        keras: The module.
        heard: Shape (batch, steps, COLUMNS).
        real: 1 where a step is real and 0 where it is padding, (batch, steps, 1).

    Returns:
        Length and voicing; mean and deviation of each column, over everything and over what is
        voiced; how much the columns move; shape (batch, n).
    """
    layers, ops = keras.layers, keras.ops
    values = heard[:, :, :CHANGED]
    count = ops.maximum(ops.sum(real, axis=1), 1.0)
    voiced = heard[:, :, VOICED : VOICED + 1] * real
    spoken = ops.maximum(ops.sum(voiced, axis=1), 1.0)
    parts = [count / 100.0, spoken / count]
    for weight, total in ((real, count), (voiced, spoken)):
        mean = ops.sum(values * weight, axis=1) / total
        apart = values - layers.Reshape((1, CHANGED))(mean)
        parts += [mean, ops.sqrt(ops.sum(apart**2 * weight, axis=1) / total + 1e-4)]
    moves = (values[:, 1:] - values[:, :-1]) * voiced[:, 1:] * voiced[:, :-1]
    parts.append(ops.sqrt(ops.sum(moves**2, axis=1) / spoken + 1e-4))
    return layers.Concatenate()(parts)


def _voice(keras: Any, heard: Any, real: Any) -> Any:
    """Hears the long-term envelope and the pitch where there is voice: a speaker."""
    layers, ops = keras.layers, keras.ops
    voiced = heard[:, :, VOICED : VOICED + 1] * real
    keep = np.ones(CHANGED, np.float32)
    keep[0] = 0
    values = layers.Rescaling(keep.tolist())(heard[:, :, :CHANGED])
    x = layers.Conv1D(64, 3, padding="same", activation="silu")(values)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    x = layers.Conv1D(64, 3, padding="same", activation="silu")(x)
    spoken = ops.maximum(ops.sum(voiced, axis=1), 1.0)
    mean = ops.sum(x * voiced, axis=1) / spoken
    flat = ops.sum(values * voiced, axis=1) / spoken
    return layers.Dense(64, activation="silu")(layers.Concatenate()([mean, flat]))


def _convolutions(keras: Any, x: Any, real: Any) -> Any:
    layers, ops = keras.layers, keras.ops
    x = layers.GaussianNoise(0.1)(x)
    x = layers.SpatialDropout1D(0.1)(x)
    for width in (64, 96, 96):
        x = layers.Conv1D(width, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.Activation("silu")(x)
        x = layers.AveragePooling1D(2, padding="same")(x)
        real = layers.MaxPooling1D(2, padding="same")(real)
        x = layers.Dropout(0.1)(x) * real
    count = ops.maximum(ops.sum(real, axis=1), 1.0)
    mean = ops.sum(x, axis=1) / count
    apart = (x - layers.Reshape((1, x.shape[-1]))(mean)) * real
    deviation = ops.sqrt(ops.sum(apart**2, axis=1) / count + 1e-4)
    return layers.Concatenate()([mean, deviation])


EMOTION: tuple[str, ...] = ("course", "timbre", "outline")
"""Who hears emotions."""

SPEAKER = "voice"
"""Who hears speakers."""

_LISTENERS: Mapping[str, Callable[[Any, Any, Any], Any]] = MappingProxyType(
    {"course": _course, "timbre": _timbre, "outline": _outline, SPEAKER: _voice}
)
