"""The convolutional network: six convolutions, attention over time, a dense layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.base import Architecture, Problem, option, standardized_input
from ser.models.limits import DROPOUT, RATIO, SIZE
from ser.models.sequence import MIN_FRAMES, MOMENTUM

# Squeeze and excitation: the hidden layer has an eighth of the channels.
_SQUEEZE_RATIO = 8


@dataclass(frozen=True)
class CNN(Architecture):
    """A small convolutional network on spectrograms.

    Six convolutions with batch normalization and max pooling process the features as an image.
    Attention weights their outputs over time, and mean and standard deviation summarize them
    (attentive statistics pooling, Okabe et al., Interspeech 2018), so that silence and padding
    count little. A dense layer and a softmax follow.

    With `residual`, each of the two pairs of convolutions has a shortcut (He et al., CVPR 2016),
    and its channels are weighted by squeeze and excitation (Hu et al., CVPR 2018). Such a network
    memorizes more: better for speakers of the training set, no better for others.

    A pooled table has no time axis: there the same number of one-dimensional convolutions runs
    along the coefficients.
    """

    name = "cnn"
    summary = "six convolutions, batch normalisation, max pooling, attention over time, dense"
    width: float = option(
        1.0, "channels of every convolution, as a ratio", RATIO, low=0.5, high=2.0, log=True
    )
    kernel: int = option(3, "bands and frames that a convolution spans", choices=(3, 5))
    units: int = option(128, "width of the dense layers", SIZE, low=64, high=256, log=True)
    dropout: float = option(
        0.3, "share dropped around the last dense layer", DROPOUT, low=0.1, high=0.6
    )
    residual: bool = option(
        False,
        "shortcuts beside pairs of convolutions; memorizes more, which helps with speakers of the "
        "training set",
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`."""
        layers = keras.layers
        entry, x = standardized_input(keras, problem)
        x = self.logits(keras, problem, x)
        return keras.Model(
            entry, layers.Softmax(dtype="float32", name="emotion")(x), name=self.name
        )

    def logits(self, keras: Any, problem: Problem, x: Any) -> Any:
        """Maps features (batch, frames, coefficients) to logits (batch, classes)."""
        layers = keras.layers
        if problem.frames < MIN_FRAMES:
            x = self._along_coefficients(keras, x)
        else:
            x = self._attentive_statistics(keras, self._spectrogram_blocks(keras, x))
        x = layers.Dropout(self.dropout)(x)
        x = layers.Dense(self.units, activation="relu")(x)
        x = layers.Dropout(self.dropout)(x)
        # Softmax stays in float32 even where the rest runs in half precision.
        return layers.Dense(problem.classes, dtype="float32")(x)

    def eight_bits(self, frames: int) -> bool:
        """Quantizes where there is a time axis: 4 of 1440 clips of RAVDESS change their label."""
        return frames >= MIN_FRAMES and not self.residual

    def _channels(self, count: int) -> int:
        return max(8, round(count * self.width))

    def _spectrogram_blocks(self, keras: Any, x: Any) -> Any:
        """Maps (batch, frames, coefficients) to (batch, steps, units)."""
        layers = keras.layers
        x = layers.Reshape((*x.shape[1:], 1))(x)
        x = _convolve(keras, x, self._channels(24), 5, strides=2)
        x = layers.MaxPooling2D(2, padding="same")(x)
        for filters, pool in ((48, 2), (96, (1, 2))):
            x = self._convolution_pair(keras, x, self._channels(filters))
            x = layers.MaxPooling2D(pool, padding="same")(x)
            x = layers.SpatialDropout2D(0.05)(x)
        x = _convolve(keras, x, self._channels(128), self.kernel)
        x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
        x = layers.Dropout(0.2)(x)
        x = layers.Dense(self.units, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        return layers.ReLU()(x)

    def _convolution_pair(self, keras: Any, x: Any, filters: int) -> Any:
        """Two convolutions, with a shortcut beside them if the network is residual."""
        layers = keras.layers
        y = _convolve(keras, x, filters, self.kernel)
        y = _convolve(keras, y, filters, self.kernel, rectify=not self.residual)
        if not self.residual:
            return y
        scale = layers.GlobalAveragePooling2D(keepdims=True)(y)
        scale = layers.Dense(max(8, filters // _SQUEEZE_RATIO), activation="relu")(scale)
        scale = layers.Dense(filters, activation="sigmoid")(scale)
        shortcut = _convolve(keras, x, filters, 1, rectify=False)
        return layers.ReLU()(layers.Add()([shortcut, layers.Multiply()([y, scale])]))

    def _attentive_statistics(self, keras: Any, x: Any) -> Any:
        """Maps (batch, steps, channels) to (batch, 2 * channels)."""
        layers = keras.layers
        score = layers.Dense(1)(layers.Dense(64, activation="tanh")(x))
        weight = layers.Softmax(axis=1)(score)
        mean = layers.Dot(axes=1)([weight, x])
        mean_square = layers.Dot(axes=1)([weight, layers.Multiply()([x, x])])
        mean = layers.Flatten()(mean)
        variance = layers.Subtract()(
            [layers.Flatten()(mean_square), layers.Multiply()([mean, mean])]
        )
        # Rounding can make it negative, and the derivative of the root is unbounded at zero.
        deviation = keras.ops.sqrt(keras.ops.relu(variance) + 1e-4)
        return layers.Concatenate()([mean, deviation])

    def _along_coefficients(self, keras: Any, x: Any) -> Any:
        """Maps (batch, few frames, coefficients) to (batch, channels)."""
        layers = keras.layers
        x = layers.Permute((2, 1))(x)
        for filters in (64, 64, 128):
            for _ in range(2):
                x = layers.Conv1D(self._channels(filters), 5, padding="same", use_bias=False)(x)
                x = layers.BatchNormalization(momentum=MOMENTUM)(x)
                x = layers.ReLU()(x)
            x = layers.MaxPooling1D(2, padding="same")(x)
            x = layers.SpatialDropout1D(0.1)(x)
        return layers.Flatten()(x)


def _convolve(
    keras: Any, x: Any, filters: int, size: int, *, strides: int = 1, rectify: bool = True
) -> Any:
    layers = keras.layers
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=MOMENTUM)(x)
    return layers.ReLU()(x) if rectify else x
