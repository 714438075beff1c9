"""Convolutions, two LSTM layers and a dense layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.base import Architecture, Problem, option
from ser.models.limits import DEPTH, DROPOUT, SIZE
from ser.models.sequence import MOMENTUM, averaging_weights, masked_mean, pool_mask, sequence_input

# LSTM layers are unrolled, because LiteRT does not run their loop. Every step makes the network
# 5 kB larger, and building and converting it a tenth of a second slower.
_MAX_STEPS = 48


@dataclass(frozen=True)
class CNNLSTM(Architecture):
    """Two-dimensional convolutions followed by two LSTM layers along time.

    After the 2-D CNN LSTM network of Zhao, Mao and Chen ("Speech emotion recognition using deep 1D
    & 2D CNN LSTM networks", Biomedical Signal Processing and Control 47, 2019). Blocks of
    convolution, batch normalization, activation and max pooling process the features as an image;
    their output goes through two LSTM layers. The LSTM skips padding, and its outputs are averaged
    over the real steps.

    A pooled table has no time axis: there the convolutions are one-dimensional, and convolutions
    and LSTM run along the coefficients.
    """

    name = "cnn-lstm"
    summary = "convolutions, two LSTM layers along time, dense"

    layers: int = option(3, "convolutions, each followed by pooling", DEPTH, low=2, high=4)
    filters: int = option(
        24,
        "channels of the first convolution; they double up to 96",
        SIZE,
        low=12,
        high=48,
        log=True,
    )
    kernel: int = option(3, "bands and frames that a convolution spans", choices=(3, 5))
    units: int = option(
        96, "width of the LSTM layers and the dense layer", SIZE, low=48, high=192, log=True
    )
    dropout: float = option(
        0.3, "share dropped around LSTM and dense layers", DROPOUT, low=0.1, high=0.6
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`."""
        layers = keras.layers
        entry, x, mask = sequence_input(keras, problem)
        if mask is None:
            x = self._along_coefficients(keras, x)
        else:
            x, mask = self._spectrogram_blocks(keras, x, mask)
        surplus = -(-x.shape[1] // _MAX_STEPS)
        if surplus > 1:
            x = layers.AveragePooling1D(surplus, padding="same")(x)
            mask = pool_mask(keras, mask, surplus)
        masking = {}
        if mask is not None:
            masking["mask"] = keras.ops.squeeze(keras.ops.greater(mask, 0.0), axis=-1)
        for _ in range(2):
            x = layers.Dropout(self.dropout)(x)
            x = layers.LSTM(self.units, return_sequences=True, unroll=True)(x, **masking)
        x = masked_mean(keras, x, averaging_weights(keras, mask))
        x = layers.Dropout(self.dropout)(x)
        x = layers.Dense(self.units, activation="relu")(x)
        # Softmax stays in float32 even where the rest runs in half precision.
        x = layers.Dense(problem.classes, dtype="float32")(x)
        return keras.Model(
            entry, layers.Softmax(dtype="float32", name="emotion")(x), name=self.name
        )

    def _channels(self, layer: int) -> int:
        return self.filters * (1, 2, 4)[min(layer, 2)]

    def _spectrogram_blocks(self, keras: Any, x: Any, mask: Any) -> tuple[Any, Any]:
        """Maps (batch, frames, coefficients) to (batch, frames / 8, features), and the mask."""
        layers = keras.layers
        x = layers.Reshape((*x.shape[1:], 1))(x)
        for i in range(self.layers):
            # Strides come first: convolutions at full size would take most of the time.
            size, strides = (5, 2) if i == 0 else (self.kernel, 1)
            x = layers.Conv2D(
                self._channels(i), size, strides=strides, padding="same", use_bias=False
            )(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
            along = 2 if i < 2 else 1
            x = layers.MaxPooling2D((along, 2), padding="same")(x)
            x = layers.SpatialDropout2D(0.05)(x)
            mask = pool_mask(keras, mask, along * strides)
        return layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x), mask

    def _along_coefficients(self, keras: Any, x: Any) -> Any:
        """Maps (batch, coefficients, few frames) to (batch, steps, channels)."""
        layers = keras.layers
        for i in range(self.layers):
            x = layers.Conv1D(self._channels(i), self.kernel, padding="same", use_bias=False)(x)
            x = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
            x = layers.MaxPooling1D(2, padding="same")(x)
        return x
