"""The network of ``ser-translate``: changes of spectral envelope, F0 and timing."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.conversion.contour_grid import (
    MASK,
    N_CEPSTRA,
    N_CHANGED,
    N_COLUMNS,
    N_FEATURES,
    ContourScale,
)
from ser.conversion.models.auxiliary import statistics
from ser.models.adversarial import AdversarialArchitecture
from ser.models.base import Problem, option
from ser.models.limits import DEPTH, DROPOUT, NOT_NEGATIVE, POSITIVE, SIZE, SMOOTHING

N_OUTPUTS = N_CHANGED + 1
"""Columns of the generator's output: changes of the mel-cepstrum in decibels and of F0 in
semitones, and the logarithm of the stretch."""

SCORE = "score"
"""The discriminator's output."""

STEP_MULTIPLE = 8
"""The number of steps must be a multiple of this, for the generator pools over time."""

# The largest changes: F0 in semitones, and the logarithm of the stretch.
_PITCH_LIMIT = 15.0
_STRETCH_LIMIT = 0.7

# Steps between control points: F0 has one every 80 ms, the stretch every 160 ms.
_PITCH_POOL = 4
_STRETCH_POOL = 8


@dataclass(frozen=True)
class GANTranslate(AdversarialArchitecture):
    """A conditional GAN whose generator gives changes of contours.

    The generator is a stack of gated convolutions (Dauphin, Fan, Auli and Grangier, ICML 2017) in
    residual blocks, conditioned on emotion and intensity by feature-wise modulation (Perez, Strub,
    de Vries, Dumoulin and Courville, AAAI 2018). Its output is a *change*, from layers initialized
    with zeros, times the intensity: so it starts as the identity, and at intensity 0 it always is.
    Changes that are constant over the phrase have a layer of their own.

    The discriminator reads the changed contours after time warping. It has a projection head
    (Miyato and Koyama, ICLR 2018), spectral normalization (Miyato, Kataoka, Koyama and Yoshida,
    ICLR 2018) and instance noise (Sonderby et al., ICLR 2017). It reads both the sequence and
    statistics over it: without the statistics, the generator finds contours that classifiers accept
    and no voice has.

    There may be an ensemble of generators, each trained with a discriminator and auxiliary
    classifiers of its own; their mean output is applied (`ser.conversion.training.ensemble`).
    """

    name = "gan-translate"
    summary = "changes the emotion of a voice: envelope, pitch and timing"
    trainer = "translate"
    defaults = MappingProxyType({"lr": 1e-3, "batch_size": 16, "epochs": 8, "weight_decay": 1e-4})

    generators: int = option(
        2,
        "generators, each trained for itself, whose changes are averaged; each costs as much",
        DEPTH,
    )
    width: int = option(96, "channels of the generator's blocks", SIZE, low=48, high=192)
    blocks: int = option(6, "residual blocks of the generator", DEPTH, low=4, high=10)
    dropout: float = option(0.1, "share dropped in the generator", DROPOUT, low=0.0, high=0.3)
    distance_weight: float = option(
        1.0, "weight of the distance to the paired recording", NOT_NEGATIVE, low=0.2, high=5.0
    )
    adversarial_weight: float = option(
        1.0, "weight of the adversarial loss", NOT_NEGATIVE, low=0.1, high=2.0
    )
    emotion_weight: float = option(
        2.5, "weight of the loss of the emotion classifiers", NOT_NEGATIVE, low=0.5, high=5.0
    )
    speaker_weight: float = option(
        1.0, "weight of the loss of the speaker classifier", NOT_NEGATIVE, low=0.0, high=2.0
    )
    d_lr: float = option(
        2.0, "learning rate of the discriminator, as a ratio", POSITIVE, low=0.5, high=4.0, log=True
    )
    classifier_epochs: int = option(
        25, "epochs of the classifiers of emotion and speaker, trained first", SIZE
    )
    adversarial_smoothing: float = option(
        0.0, "label smoothing: real recordings count as 1 - X real", SMOOTHING, low=0.0, high=0.3
    )
    two_sided: bool = option(
        False, "converted recordings count as adversarial_smoothing real, instead of 0"
    )
    loss: str = option("hinge", "the adversarial loss", choices=("hinge", "bce"))

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the generator alone, untrained; see `Architecture.build`."""
        zeros, ones = (np.full(N_FEATURES, value, np.float32) for value in (0, 1))
        scale = ContourScale(zeros[:N_CHANGED], ones[:N_CHANGED], zeros, ones)
        return self.generator(keras, problem.classes, scale)

    def generator(self, keras: Any, emotions: int, scale: ContourScale) -> Any:
        """Builds the generator.

        Args:
            keras: The module.
            emotions: Number of emotions.
            scale: Of the training recordings.

        Returns:
            A `keras.Model` from ``features`` (batch, steps, N_FEATURES), steps being a multiple of
            `STEP_MULTIPLE`, and ``condition`` (batch, emotions) to changes (batch, steps,
            N_OUTPUTS).
        """
        layers, ops = keras.layers, keras.ops
        features = keras.Input((None, N_FEATURES), name="features")
        condition = keras.Input((emotions,), name="condition")
        mask = features[:, :, MASK : MASK + 1]
        x = layers.Normalization(
            axis=-1,
            mean=scale.feature_mean.tolist(),
            variance=(scale.feature_deviation**2).tolist(),
            name="normalization",
        )(features)
        x = layers.Conv1D(self.width, 5, padding="same", name="input_convolution")(x * mask)
        conditioning = layers.Dense(64, activation="silu", name="conditioning")(condition)
        for block in range(self.blocks):
            x = x + self._block(keras, x * mask, conditioning, 2 ** (block % 4), f"block{block}")
        x = layers.LayerNormalization(name="output_norm")(x)
        x = layers.Activation("silu")(x) * mask
        count = ops.maximum(ops.sum(mask, axis=1), 1.0)
        pooled = layers.Concatenate()([ops.sum(x, axis=1) / count, conditioning])
        constant = layers.Dense(64, activation="silu", name="constant")(pooled)
        constant = layers.Dense(N_OUTPUTS, kernel_initializer="zeros", name="constant_change")(
            constant
        )
        envelope = layers.Conv1D(
            N_CEPSTRA, 3, padding="same", kernel_initializer="zeros", name="envelope"
        )(x)
        pitch = _smooth_contour(keras, x, _PITCH_POOL, "pitch")
        stretch = _smooth_contour(keras, x, _STRETCH_POOL, "stretch")
        change = layers.Concatenate()([envelope, pitch, stretch])
        change = change + layers.Reshape((1, N_OUTPUTS))(constant)
        # To natural units, and times the intensity.
        units = np.concatenate([scale.deviation, [0.3]]).tolist()
        change = layers.Rescaling(units, name="units")(change)
        change = change * layers.Reshape((1, 1))(ops.sum(condition, axis=1, keepdims=True))
        return keras.Model(
            [features, condition],
            layers.Concatenate(name="change")(
                [
                    change[:, :, :N_CEPSTRA],
                    _PITCH_LIMIT * ops.tanh(change[:, :, N_CEPSTRA:N_CHANGED] / _PITCH_LIMIT),
                    _STRETCH_LIMIT * ops.tanh(change[:, :, N_CHANGED:] / _STRETCH_LIMIT),
                ]
            ),
            name=self.name,
        )

    def discriminator(self, keras: Any, steps: int, emotions: int) -> Any:
        """Builds the discriminator.

        Returns:
            A `keras.Model` from ``contours`` (batch, steps, N_COLUMNS) and ``condition`` (batch,
            emotions) to a score (batch, 1), high for real recordings of that emotion.
        """
        layers, ops = keras.layers, keras.ops
        contours = keras.Input((steps, N_COLUMNS), name="contours")
        condition = keras.Input((emotions,), name="condition")
        x = layers.GaussianNoise(0.1)(contours)
        for number, width in enumerate((64, 128, 128)):
            convolution = layers.Conv1D(width, 5, strides=2, padding="same")
            x = layers.SpectralNormalization(convolution, name=f"convolution{number}")(x)
            x = layers.LeakyReLU(0.2)(x)
        mask = layers.MaxPooling1D(8, padding="same")(contours[:, :, MASK : MASK + 1])
        count = ops.maximum(ops.sum(mask, axis=1), 1.0)
        summary_features = layers.SpectralNormalization(layers.Dense(128), name="summary_features")(
            statistics(keras, contours, contours[:, :, MASK : MASK + 1])
        )
        pooled = layers.Concatenate()(
            [ops.sum(x * mask, axis=1) / count, layers.LeakyReLU(0.2)(summary_features)]
        )
        unconditional = layers.SpectralNormalization(layers.Dense(1), name="unconditional")(pooled)
        projection = layers.SpectralNormalization(
            layers.Dense(256, use_bias=False), name="projection"
        )(condition)
        score = unconditional + ops.sum(pooled * projection, axis=1, keepdims=True)
        return keras.Model([contours, condition], {SCORE: score}, name="discriminator")

    def _block(self, keras: Any, x: Any, conditioning: Any, dilation: int, name: str) -> Any:
        layers = keras.layers
        x = layers.LayerNormalization(name=f"{name}_norm")(x)
        shape = (1, self.width)
        # Initialized with zeros: at first the block does not depend on the condition.
        scale = layers.Dense(self.width, kernel_initializer="zeros", name=f"{name}_scale")(
            conditioning
        )
        shift = layers.Dense(self.width, kernel_initializer="zeros", name=f"{name}_shift")(
            conditioning
        )
        x = x * (1.0 + layers.Reshape(shape)(scale)) + layers.Reshape(shape)(shift)
        both = layers.Conv1D(
            2 * self.width, 5, padding="same", dilation_rate=dilation, name=f"{name}_gated"
        )(x)
        gate = layers.Activation("sigmoid")(both[:, :, self.width :])
        x = both[:, :, : self.width] * gate
        x = layers.Dropout(self.dropout)(x)
        return layers.Conv1D(self.width, 1, name=f"{name}_out")(x)


def _smooth_contour(keras: Any, x: Any, pool: int, name: str) -> Any:
    """Gives a contour with a control point every `pool` steps, interpolated smoothly."""
    layers = keras.layers
    x = layers.AveragePooling1D(pool)(x)
    x = layers.Conv1D(1, 3, padding="same", kernel_initializer="zeros", name=name)(x)
    x = layers.UpSampling1D(pool)(x)
    # Two running means make a staircase smooth.
    x = layers.AveragePooling1D(pool, strides=1, padding="same")(x)
    return layers.AveragePooling1D(pool, strides=1, padding="same")(x)
