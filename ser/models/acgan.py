"""The auxiliary-classifier GAN: generates spectrograms of an emotion, and classifies emotions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ser.errors import SerError
from ser.models.adversarial import AdversarialArchitecture
from ser.models.base import Problem, option
from ser.models.limits import DROPOUT, NOT_NEGATIVE, POSITIVE, RATIO, SIZE, SMOOTHING, Limits
from ser.models.sequence import MIN_FRAMES, averaging_weights, pool_mask, sequence_input

SOURCE_OUTPUT, EMOTION_OUTPUT, GENERATED_OUTPUT = "source", "emotion", "generated"
"""Names of the discriminator's outputs: real or generated (a logit); the emotion; the emotion a
second time, so that the loss of generated clips has a weight of its own."""

# The generator doubles frames and coefficients three times.
_UPSAMPLINGS = 3


@dataclass(frozen=True)
class ACGAN(AdversarialArchitecture):
    """An auxiliary-classifier GAN (Odena, Olah and Shlens, ICML 2017) on spectrograms.

    A generator makes the features of a clip from noise and an emotion. A discriminator decides
    whether a clip is real, and which emotion it has. Its emotion head is the classifier: it is
    trained on real and generated clips, and it alone goes into the artifact. A separate classifier
    trained on generated clips would not share what the discriminator learns from real against
    generated, and would be one more network to train; for that, write the generated clips as a
    table and train any architecture on them.

    The discriminator uses layer normalization, because batch statistics would reveal whether a
    batch is real. Noise is added to its input (Sonderby et al., ICLR 2017), so that it cannot
    recognize generated clips by their rounding. A generated clip has the position and length of a
    real clip, and padding where that one has it.
    """

    name = "acgan"
    summary = "generates spectrograms of each emotion, and is trained on them too"
    trainer = "adversarial"
    defaults = MappingProxyType({"lr": 1e-3})

    noise: int = option(64, "size of the noise vector", SIZE, low=16, high=128, log=True)
    width: float = option(
        1.0, "channels of every convolution, as a ratio", RATIO, low=0.5, high=2.0, log=True
    )
    dropout: float = option(0.3, "share dropped before the heads", DROPOUT, low=0.1, high=0.6)
    generated_share: float = option(
        0.5,
        "part of each of the discriminator's batches that is generated",
        Limits(0, 1, above=True, below=True),
        low=0.2,
        high=0.6,
    )
    generated_weight: float = option(
        0.3,
        "weight of the emotions of generated clips against real ones",
        NOT_NEGATIVE,
        low=0.0,
        high=1.0,
    )
    adversarial_smoothing: float = option(
        0.1, "label smoothing: real clips count as 1 - X real", SMOOTHING, low=0.0, high=0.3
    )
    two_sided: bool = option(
        False, "generated clips count as adversarial_smoothing real, instead of 0"
    )
    g_lr: float = option(
        1.0, "learning rate of the generator, as a ratio", POSITIVE, low=0.25, high=4.0, log=True
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the classifier; see `Architecture.build`."""
        return self.classifier(keras, self.discriminator(keras, problem))

    def classifier(self, keras: Any, discriminator: Any) -> Any:
        """Makes the classifier of a discriminator; they share their weights."""
        return keras.Model(
            discriminator.input, discriminator.get_layer(EMOTION_OUTPUT).output, name=self.name
        )

    def discriminator(self, keras: Any, problem: Problem) -> Any:
        """Builds the discriminator.

        Returns:
            A `keras.Model` from (batch, frames, coefficients) to a dictionary of `SOURCE_OUTPUT`
            (batch, 1), a logit that is positive for real clips, and `EMOTION_OUTPUT` and
            `GENERATED_OUTPUT` (batch, classes), which are equal.

        Raises:
            SerError: There is no time axis.
        """
        self._check_frames(problem)
        layers = keras.layers
        entry, x, mask = sequence_input(keras, problem)
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
        x = self._statistics_pooling(keras, x, averaging_weights(keras, pool_mask(keras, mask, 8)))
        x = layers.Dropout(self.dropout)(x)
        exact = {"dtype": "float32"}
        source = layers.Dense(1, name=SOURCE_OUTPUT, **exact)(x)
        x = layers.Dense(self._channels(128), activation="relu")(x)
        x = layers.Dense(problem.classes, **exact)(layers.Dropout(self.dropout)(x))
        emotion = layers.Softmax(name=EMOTION_OUTPUT, **exact)(x)
        again = layers.Identity(name=GENERATED_OUTPUT, **exact)(emotion)
        return keras.Model(
            entry,
            {SOURCE_OUTPUT: source, EMOTION_OUTPUT: emotion, GENERATED_OUTPUT: again},
            name="discriminator",
        )

    def generator(self, keras: Any, problem: Problem) -> Any:
        """Builds the generator.

        Returns:
            A `keras.Model` from noise (batch, noise), one-hot emotions (batch, classes) and a mask
            of the frames (batch, frames, 1), 1 where a frame is to be generated and 0 where it is
            padding, to features as a table holds them, (batch, frames, coefficients).

        Raises:
            SerError: There is no time axis.
        """
        self._check_frames(problem)
        layers, step = keras.layers, 2**_UPSAMPLINGS
        frames = math.ceil(problem.frames / step)
        bands = math.ceil(problem.coefficients / step)
        noise = keras.Input((self.noise,), name="noise")
        emotion = keras.Input((problem.classes,), name="emotion")
        mask = keras.Input((problem.frames, 1), name="place")
        x = layers.Concatenate()([noise, emotion])
        x = layers.Dense(frames * bands * self._channels(64))(x)
        x = layers.Reshape((frames, bands, self._channels(64)))(x)
        # The network is given the mask, so that the clip can end where the mask ends.
        coarse = layers.ZeroPadding1D((0, frames * step - problem.frames))(mask)
        coarse = layers.Reshape((frames, 1, 1))(layers.AveragePooling1D(step)(coarse))
        x = layers.Concatenate()([x, layers.UpSampling2D((1, bands))(coarse)])
        for count in (48, 16):
            x = layers.UpSampling2D()(layers.LeakyReLU(0.2)(layers.LayerNormalization()(x)))
            x = layers.Conv2D(self._channels(count), 3, padding="same")(x)
        x = layers.LeakyReLU(0.2)(layers.LayerNormalization()(x))
        # Interpolation before the last convolution avoids checkerboard artifacts.
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
        x = layers.Multiply(dtype="float32")([x, mask])
        return keras.Model([noise, emotion, mask], x, name="generator")

    def _channels(self, count: int) -> int:
        return max(8, round(count * self.width))

    def _statistics_pooling(self, keras: Any, x: Any, weights: Any) -> Any:
        """Maps (batch, steps, channels) to mean and deviation (batch, 2 * channels)."""
        layers = keras.layers
        mean = layers.Dot(axes=1)([weights, x])
        difference = layers.Subtract()([x, mean])
        variance = layers.Dot(axes=1)([weights, layers.Multiply()([difference, difference])])
        # The derivative of the square root is unbounded at zero.
        deviation = keras.ops.sqrt(variance + 1e-4)
        return layers.Flatten()(layers.Concatenate()([mean, deviation]))

    def _check_frames(self, problem: Problem) -> None:
        if problem.frames < MIN_FRAMES:
            raise SerError(
                "acgan",
                f"generates spectrograms, and {problem.frames} frames have no time axis",
                "extract without --pool, or take another --arch",
            )
