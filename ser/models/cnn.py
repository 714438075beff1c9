"""The convolutional network: six convolutions, attention over time, a dense layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.base import Architecture, Problem, inputs, option

# Running statistics that follow within a few dozen steps: an epoch of a small corpus has no more,
# and Keras's default of 0.99 would still remember the first one.
_MOMENTUM = 0.9

# Fewer frames than this are no time axis to convolve along: pooled tables have one.
_FEWEST_FRAMES = 16

# Channels are weighted by a layer with an eighth of their number between.
_SQUEEZE = 8


@dataclass(frozen=True)
class CNN(Architecture):
    """A small network in the style of the field's spectrogram classifiers.

    Six convolutions with batch normalisation and max pooling look at the features as a picture.
    What they find in each stretch of time is weighted by attention and summarised as mean and
    standard deviation (attentive statistics pooling, Okabe et al., Interspeech 2018), so that
    silence and padding count little; a dense layer and a softmax follow.

    With `residual`, what each of the two pairs of convolutions finds is added to what it looks at
    (He et al., CVPR 2016), each channel weighted by how much there is of all of them (squeeze
    and excitation, Hu et al., CVPR 2018). Such a network learns more by heart: better for voices
    that are in the training, no better for others.

    A pooled table has no time axis: there the same number of one-dimensional convolutions runs
    along the coefficients.
    """

    name = "cnn"
    summary = "six convolutions, batch normalisation, max pooling, attention over time, dense"
    width: float = option(
        1.0, "channels of every convolution, as a ratio", low=0.5, high=2.0, log=True
    )
    kernel: int = option(3, "bands and frames that a convolution spans", choices=(3, 5))
    units: int = option(128, "width of the dense layers", low=64, high=256, log=True)
    dropout: float = option(0.3, "share dropped around the last dense layer", low=0.1, high=0.6)
    residual: bool = option(
        False,
        "pairs of convolutions add to what they look at; learns more by heart, which helps with "
        "voices that are in the training",
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`."""
        layers = keras.layers
        entry, x = inputs(keras, problem)
        x = self.logits(keras, problem, x)
        return keras.Model(
            entry, layers.Softmax(dtype="float32", name="emotion")(x), name=self.name
        )

    def logits(self, keras: Any, problem: Problem, x: Any) -> Any:
        """Goes from the features, (batch, frames, coefficients), to logits (batch, classes)."""
        layers = keras.layers
        if problem.frames < _FEWEST_FRAMES:
            x = self._along_coefficients(keras, x)
        else:
            x = self._statistics(keras, self._picture(keras, x))
        x = layers.Dropout(self.dropout)(x)
        x = layers.Dense(self.units, activation="relu")(x)
        x = layers.Dropout(self.dropout)(x)
        # Softmax stays in float32 even where the rest runs in half precision.
        return layers.Dense(problem.classes, dtype="float32")(x)

    def eight_bits(self, frames: int) -> bool:
        """Where there is a picture; of 1440 clips of unseen speakers 4 get another label by it."""
        return frames >= _FEWEST_FRAMES and not self.residual

    def _channels(self, count: int) -> int:
        return max(8, round(count * self.width))

    def _picture(self, keras: Any, x: Any) -> Any:
        """(batch, frames, coefficients) to (batch, steps, units)."""
        layers = keras.layers
        x = layers.Reshape((*x.shape[1:], 1))(x)
        x = _convolve(keras, x, self._channels(24), 5, strides=2)
        x = layers.MaxPooling2D(2, padding="same")(x)
        for filters, pool in ((48, 2), (96, (1, 2))):
            x = self._pair(keras, x, self._channels(filters))
            x = layers.MaxPooling2D(pool, padding="same")(x)
            x = layers.SpatialDropout2D(0.05)(x)
        x = _convolve(keras, x, self._channels(128), self.kernel)
        x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
        x = layers.Dropout(0.2)(x)
        x = layers.Dense(self.units, use_bias=False)(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        return layers.ReLU()(x)

    def _pair(self, keras: Any, x: Any, filters: int) -> Any:
        """Two convolutions, where the network is residual with a shortcut beside them."""
        layers = keras.layers
        found = _convolve(keras, x, filters, self.kernel)
        found = _convolve(keras, found, filters, self.kernel, rectify=not self.residual)
        if not self.residual:
            return found
        share = layers.GlobalAveragePooling2D(keepdims=True)(found)
        share = layers.Dense(max(8, filters // _SQUEEZE), activation="relu")(share)
        share = layers.Dense(filters, activation="sigmoid")(share)
        shortcut = _convolve(keras, x, filters, 1, rectify=False)
        return layers.ReLU()(layers.Add()([shortcut, layers.Multiply()([found, share])]))

    def _statistics(self, keras: Any, x: Any) -> Any:
        """(batch, steps, channels) to (batch, 2 * channels)."""
        layers = keras.layers
        score = layers.Dense(1)(layers.Dense(64, activation="tanh")(x))
        weight = layers.Softmax(axis=1)(score)
        mean = layers.Dot(axes=1)([weight, x])
        mean_square = layers.Dot(axes=1)([weight, layers.Multiply()([x, x])])
        mean = layers.Flatten()(mean)
        variance = layers.Subtract()(
            [layers.Flatten()(mean_square), layers.Multiply()([mean, mean])]
        )
        # Rounding can make it slightly negative, and the root's slope at zero has no bound.
        deviation = keras.ops.sqrt(keras.ops.relu(variance) + 1e-4)
        return layers.Concatenate()([mean, deviation])

    def _along_coefficients(self, keras: Any, x: Any) -> Any:
        """(batch, few frames, coefficients) to (batch, channels)."""
        layers = keras.layers
        x = layers.Permute((2, 1))(x)
        for filters in (64, 64, 128):
            for _ in range(2):
                x = layers.Conv1D(self._channels(filters), 5, padding="same", use_bias=False)(x)
                x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
                x = layers.ReLU()(x)
            x = layers.MaxPooling1D(2, padding="same")(x)
            x = layers.SpatialDropout1D(0.1)(x)
        return layers.Flatten()(x)


def _convolve(
    keras: Any, x: Any, filters: int, size: int, *, strides: int = 1, rectify: bool = True
) -> Any:
    layers = keras.layers
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
    return layers.ReLU()(x) if rectify else x
