"""The auxiliary-classifier GAN: it draws spectrograms of an emotion, and tells emotions apart."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ser.errors import SerError
from ser.models.adversarial import Adversarial
from ser.models.base import Problem, option
from ser.models.sequence import FEWEST_FRAMES, along_time, pooled_steps, shares

SOURCE, EMOTION, GENERATED = "source", "emotion", "generated"
"""The outputs of the discriminator: real or generated (a logit); the emotion; the emotion again,
for the loss of generated clips to be weighed and shown apart from that of real ones."""

# The generator doubles frames and coefficients this often.
_DOUBLINGS = 3


@dataclass(frozen=True)
class ACGAN(Adversarial):
    """An auxiliary-classifier GAN (Odena, Olah and Shlens, ICML 2017) on spectrograms.

    A generator makes the features of a clip from noise and an emotion; a discriminator says
    whether a clip is real, and which emotion it has. The emotion head is the classifier: it learns
    from real and from generated clips, and it alone goes into the artifact. It, and not a network
    of its own that is trained on the generator's output afterwards, because what the trunk learns
    by telling real from generated clips then serves the emotions too, and because one network less
    is trained; whoever wants the other way writes the generated clips as a table and trains on
    them with any architecture.

    The discriminator has layer normalisation: that over a batch would tell real batches from
    generated ones by their means. It sees all clips with a little noise (Sonderby et al., ICLR
    2017), which keeps it from recognising generated ones by their rounding. Where a clip ends in
    padding, a generated one does too, as it takes over the place and length of a real clip.
    """

    name = "acgan"
    summary = "generates spectrograms of each emotion, and learns from them too"
    trainer = "adversarial"
    defaults = MappingProxyType({"lr": 1e-3})

    noise: int = option(64, "numbers that a clip is generated from", low=16, high=128, log=True)
    width: float = option(
        1.0, "channels of every convolution, as a ratio", low=0.5, high=2.0, log=True
    )
    dropout: float = option(0.3, "share dropped before the heads", low=0.1, high=0.6)
    share: float = option(
        0.5, "part of each of the discriminator's batches that is generated", low=0.2, high=0.6
    )
    trust: float = option(
        0.3, "weight of the emotions of generated clips against real ones", low=0.0, high=1.0
    )
    smooth: float = option(
        0.1, "label smoothing: real clips count as 1 - smooth real", low=0.0, high=0.3
    )
    two_sided: bool = option(False, "generated clips count as smooth real, instead of 0")
    g_lr: float = option(
        1.0, "learning rate of the generator, as a ratio", low=0.25, high=4.0, log=True
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the classifier; see `Architecture.build`."""
        return self.classifier(keras, self.discriminator(keras, problem))

    def classifier(self, keras: Any, discriminator: Any) -> Any:
        """Gives the emotion head of a discriminator as a network; they share their weights."""
        return keras.Model(
            discriminator.input, discriminator.get_layer(EMOTION).output, name=self.name
        )

    def discriminator(self, keras: Any, problem: Problem) -> Any:
        """Builds the discriminator.

        Returns:
            A `keras.Model` from (batch, frames, coefficients) to a dictionary of `SOURCE`
            (batch, 1), a logit that is positive for real clips, and `EMOTION` and `GENERATED`
            (batch, classes), which are equal.

        Raises:
            SerError: There is no time axis.
        """
        self._check(problem)
        layers = keras.layers
        entry, x, real = along_time(keras, problem)
        x = layers.GaussianNoise(0.1)(x)
        x = layers.Reshape((*x.shape[1:], 1))(x)
        for count, size, strides in (
            (24, 5, 2),
            (48, 3, 2),
            (48, 3, 1),
            (96, 3, (2, 2)),
            (96, 3, 1),
            (128, 3, (1, 2)),
        ):
            x = layers.Conv2D(self._channels(count), size, strides=strides, padding="same")(x)
            x = layers.LeakyReLU(0.2)(layers.LayerNormalization()(x))
        x = layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)
        x = layers.Dropout(0.2)(x)
        x = layers.LeakyReLU(0.2)(layers.Dense(self._channels(128))(x))
        x = self._statistics(keras, x, shares(keras, pooled_steps(keras, real, 8)))
        x = layers.Dropout(self.dropout)(x)
        exact = {"dtype": "float32"}
        source = layers.Dense(1, name=SOURCE, **exact)(x)
        x = layers.Dense(self._channels(128), activation="relu")(x)
        x = layers.Dense(problem.classes, **exact)(layers.Dropout(self.dropout)(x))
        emotion = layers.Softmax(name=EMOTION, **exact)(x)
        again = layers.Identity(name=GENERATED, **exact)(emotion)
        return keras.Model(
            entry,
            {SOURCE: source, EMOTION: emotion, GENERATED: again},
            name="discriminator",
        )

    def generator(self, keras: Any, problem: Problem) -> Any:
        """Builds the generator.

        Returns:
            A `keras.Model` from noise (batch, noise), emotions (batch, classes), one-hot, and
            places (batch, frames, 1), 1 where a frame is to be filled and 0 where it is padding,
            to features as a table holds them, (batch, frames, coefficients).

        Raises:
            SerError: There is no time axis.
        """
        self._check(problem)
        layers, step = keras.layers, 2**_DOUBLINGS
        frames = math.ceil(problem.frames / step)
        bands = math.ceil(problem.coefficients / step)
        noise = keras.Input((self.noise,), name="noise")
        emotion = keras.Input((problem.classes,), name="emotion")
        place = keras.Input((problem.frames, 1), name="place")
        x = layers.Concatenate()([noise, emotion])
        x = layers.Dense(frames * bands * self._channels(64))(x)
        x = layers.Reshape((frames, bands, self._channels(64)))(x)
        # The network knows where its clip will be cut off, so that it can end there.
        ends = layers.ZeroPadding1D((0, frames * step - problem.frames))(place)
        ends = layers.Reshape((frames, 1, 1))(layers.AveragePooling1D(step)(ends))
        x = layers.Concatenate()([x, layers.UpSampling2D((1, bands))(ends)])
        for count in (48, 16):
            x = layers.UpSampling2D()(layers.LeakyReLU(0.2)(layers.LayerNormalization()(x)))
            x = layers.Conv2D(self._channels(count), 3, padding="same")(x)
        x = layers.LeakyReLU(0.2)(layers.LayerNormalization()(x))
        # Interpolated before the last convolution, which leaves no pattern of a chequerboard.
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = layers.Conv2D(1, 5, padding="same", dtype="float32")(x)
        x = layers.Reshape(x.shape[1:3], dtype="float32")(x)
        x = x[:, : problem.frames, : problem.coefficients]
        if problem.mean is not None and problem.variance is not None:
            x = layers.Normalization(
                axis=-1,
                mean=problem.mean.tolist(),
                variance=problem.variance.tolist(),
                invert=True,
                dtype="float32",
            )(x)
        x = layers.Multiply(dtype="float32")([x, place])
        return keras.Model([noise, emotion, place], x, name="generator")

    def _channels(self, count: int) -> int:
        return max(8, round(count * self.width))

    def _statistics(self, keras: Any, x: Any, share: Any) -> Any:
        """(batch, steps, channels) to (batch, 2 * channels): mean and deviation of real steps."""
        layers = keras.layers
        mean = layers.Dot(axes=1)([share, x])
        apart = layers.Subtract()([x, mean])
        variance = layers.Dot(axes=1)([share, layers.Multiply()([apart, apart])])
        # The root's slope at zero has no bound.
        deviation = keras.ops.sqrt(variance + 1e-4)
        return layers.Flatten()(layers.Concatenate()([mean, deviation]))

    def _check(self, problem: Problem) -> None:
        if problem.frames < FEWEST_FRAMES:
            raise SerError(
                "acgan",
                f"draws spectrograms, and {problem.frames} frames have no time axis",
                "extract without --pool, or take another --arch",
            )
