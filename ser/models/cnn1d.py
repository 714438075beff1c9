"""A one-dimensional convolutional network: the baseline of many older projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.base import Architecture, Problem, option
from ser.models.limits import DEPTH, DROPOUT, SIZE
from ser.models.sequence import MOMENTUM, averaging_weights, masked_mean, pool_mask, sequence_input

_MAX_FILTERS = 256


@dataclass(frozen=True)
class CNN1D(Architecture):
    """Convolutions along time, as in the usual notebooks for RAVDESS.

    Every convolution is followed by batch normalization, max pooling by two and dropout. The number
    of filters doubles from one to the next, up to 256. Mean and maximum over the steps that are not
    padding replace flattening, so that the position within the clip does not matter.

    A pooled table, classically 180 means of MFCC, chroma and mel bands (Issa et al., Biomedical
    Signal Processing and Control 59, 2020), is convolved along its coefficients. Every coefficient
    has its own meaning, so the result is flattened there.
    """

    name = "cnn1d"
    summary = "convolutions along time (or along pooled coefficients), max pooling, dense"

    layers: int = option(4, "convolutions, each followed by pooling", DEPTH, low=2, high=6)
    filters: int = option(
        64,
        "channels of the first convolution; they double up to 256",
        SIZE,
        low=32,
        high=128,
        log=True,
    )
    kernel: int = option(5, "steps that a convolution spans", SIZE, low=3, high=8)
    units: int = option(128, "width of the dense layer", SIZE, low=64, high=256, log=True)
    dropout: float = option(0.3, "share dropped around the dense layer", DROPOUT, low=0.1, high=0.6)

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`."""
        layers = keras.layers
        entry, x, mask = sequence_input(keras, problem)
        for i in range(self.layers):
            filters = max(self.filters, min(_MAX_FILTERS, self.filters * 2**i))
            x = layers.Conv1D(filters, self.kernel, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization(momentum=MOMENTUM)(x)
            x = layers.ReLU()(x)
            x = layers.MaxPooling1D(2, padding="same")(x)
            x = layers.SpatialDropout1D(self.dropout / 3)(x)
            mask = pool_mask(keras, mask, 2)
        x = layers.Flatten()(x) if mask is None else _mean_and_maximum(keras, x, mask)
        x = layers.Dropout(self.dropout)(x)
        x = layers.Dense(self.units, activation="relu")(x)
        x = layers.Dropout(self.dropout)(x)
        # Softmax stays in float32 even where the rest runs in half precision.
        x = layers.Dense(problem.classes, dtype="float32")(x)
        return keras.Model(
            entry, layers.Softmax(dtype="float32", name="emotion")(x), name=self.name
        )


def _mean_and_maximum(keras: Any, x: Any, mask: Any) -> Any:
    layers = keras.layers
    # Behind a rectifier nothing is below zero, so masking with zeros keeps the maximum.
    maximum = layers.GlobalMaxPooling1D()(layers.Multiply()([x, mask]))
    return layers.Concatenate()([masked_mean(keras, x, averaging_weights(keras, mask)), maximum])
