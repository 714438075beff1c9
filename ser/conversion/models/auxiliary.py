"""Auxiliary classifiers of the generator's output: emotion and speaker.

They are trained on real recordings and then frozen; the generator is trained to make them recognize
the target emotion and the source's speaker. Each reads another side of speech, so that what
convinces all of them does not exploit a weakness of one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.conversion.contour_grid import MASK, N_CHANGED, N_COLUMNS, PITCH, VOICED
from ser.models.sequence import MOMENTUM


def auxiliary_classifier(keras: Any, name: str, steps: int, classes: int) -> Any:
    """Builds an untrained classifier.

    Args:
        keras: The module.
        name: One of `EMOTION_CLASSIFIERS`, or `SPEAKER_CLASSIFIER`.
        steps: Length of the input, in steps of 20 ms.
        classes: Number of classes.

    Returns:
        A `keras.Model` from ``contours`` (batch, steps, N_COLUMNS) to probabilities (batch,
        classes).
    """
    contours = keras.Input((steps, N_COLUMNS), name="contours")
    mask = contours[:, :, MASK : MASK + 1]
    x = _BACKBONES[name](keras, contours, mask)
    x = keras.layers.Dropout(0.3)(x)
    probabilities = keras.layers.Dense(classes, activation="softmax", name="probabilities")(x)
    return keras.Model(contours, probabilities, name=name)


def statistics(keras: Any, contours: Any, mask: Any) -> Any:
    """Computes statistics over time, which recognition of emotion mostly relies on.

    Args:
        keras: The module.
        contours: Shape (batch, steps, N_COLUMNS).
        mask: 1 for a step and 0 for padding, (batch, steps, 1).

    Returns:
        Length and voiced share; mean and deviation of each column over all steps and over voiced
        ones; root mean square of the differences between steps; shape (batch, n).
    """
    layers, ops = keras.layers, keras.ops
    values = contours[:, :, :N_CHANGED]
    count = ops.maximum(ops.sum(mask, axis=1), 1.0)
    voiced = contours[:, :, VOICED : VOICED + 1] * mask
    voiced_count = ops.maximum(ops.sum(voiced, axis=1), 1.0)
    parts = [count / 100.0, voiced_count / count]
    for weight, total in ((mask, count), (voiced, voiced_count)):
        mean = ops.sum(values * weight, axis=1) / total
        residual = values - layers.Reshape((1, N_CHANGED))(mean)
        parts += [mean, ops.sqrt(ops.sum(residual**2 * weight, axis=1) / total + 1e-4)]
    deltas = (values[:, 1:] - values[:, :-1]) * voiced[:, 1:] * voiced[:, :-1]
    parts.append(ops.sqrt(ops.sum(deltas**2, axis=1) / voiced_count + 1e-4))
    return layers.Concatenate()(parts)


def _course(keras: Any, contours: Any, mask: Any) -> Any:
    """Convolutions over all columns."""
    return _convolutions(keras, contours, mask)


def _timbre(keras: Any, contours: Any, mask: Any) -> Any:
    """Convolutions over the shape of the spectral envelope, without level and F0."""
    keep = np.ones(N_COLUMNS, np.float32)
    keep[[0, PITCH]] = 0
    return _convolutions(keras, keras.layers.Rescaling(keep.tolist())(contours), mask)


def _outline(keras: Any, contours: Any, mask: Any) -> Any:
    """A dense layer over `statistics` alone, as classifiers of functionals have."""
    layers = keras.layers
    x = layers.BatchNormalization(momentum=MOMENTUM)(statistics(keras, contours, mask))
    x = layers.GaussianNoise(0.1)(x)
    x = layers.Dropout(0.2)(x)
    return layers.Dense(96, activation="silu")(x)


def _voice(keras: Any, contours: Any, mask: Any) -> Any:
    """Long-term envelope and F0 of voiced steps, which tell speakers apart."""
    layers, ops = keras.layers, keras.ops
    voiced = contours[:, :, VOICED : VOICED + 1] * mask
    keep = np.ones(N_CHANGED, np.float32)
    keep[0] = 0
    values = layers.Rescaling(keep.tolist())(contours[:, :, :N_CHANGED])
    x = layers.Conv1D(64, 3, padding="same", activation="silu")(values)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    x = layers.Conv1D(64, 3, padding="same", activation="silu")(x)
    count = ops.maximum(ops.sum(voiced, axis=1), 1.0)
    feature_mean = ops.sum(x * voiced, axis=1) / count
    value_mean = ops.sum(values * voiced, axis=1) / count
    return layers.Dense(64, activation="silu")(layers.Concatenate()([feature_mean, value_mean]))


def _convolutions(keras: Any, x: Any, mask: Any) -> Any:
    layers, ops = keras.layers, keras.ops
    x = layers.GaussianNoise(0.1)(x)
    x = layers.SpatialDropout1D(0.1)(x)
    for width in (64, 96, 96):
        x = layers.Conv1D(width, 5, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.Activation("silu")(x)
        x = layers.AveragePooling1D(2, padding="same")(x)
        mask = layers.MaxPooling1D(2, padding="same")(mask)
        x = layers.Dropout(0.1)(x) * mask
    count = ops.maximum(ops.sum(mask, axis=1), 1.0)
    mean = ops.sum(x, axis=1) / count
    residual = (x - layers.Reshape((1, x.shape[-1]))(mean)) * mask
    deviation = ops.sqrt(ops.sum(residual**2, axis=1) / count + 1e-4)
    return layers.Concatenate()([mean, deviation])


EMOTION_CLASSIFIERS: tuple[str, ...] = ("course", "timbre", "outline")
"""The classifiers of emotion; their names are columns of a training's history."""

SPEAKER_CLASSIFIER = "voice"
"""The classifier of speakers."""

_BACKBONES: Mapping[str, Callable[[Any, Any, Any], Any]] = MappingProxyType(
    {"course": _course, "timbre": _timbre, "outline": _outline, SPEAKER_CLASSIFIER: _voice}
)
