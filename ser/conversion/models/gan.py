"""The network of ser-translate: what to do to envelope, pitch and time for another emotion."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.conversion.contour_grid import CEPSTRA, CHANGED, COLUMNS, REAL, SEEN, Scale
from ser.conversion.models.auxiliary import statistics
from ser.errors import SerError
from ser.models.adversarial import Adversarial
from ser.models.base import Problem, option

OUTPUTS = CHANGED + 1
"""Columns of the generator's output: changes of the mel-cepstrum in decibels, of the pitch in
semitones, and the logarithm of the stretch."""

ANSWER = "answer"
"""The discriminator's output."""

MULTIPLE = 8
"""Steps must be a multiple of it, because time is pooled by it."""

# The most that may be asked for: pitch in semitones, and the logarithm of the stretch.
_PITCH_LIMIT = 15.0
_STRETCH_LIMIT = 0.7

# Pitch has a control point every 80 ms, the stretch every 160 ms.
_PITCH_POOL = 4
_STRETCH_POOL = 8


@dataclass(frozen=True)
class GANTranslate(Adversarial):
    """A generator of changes, and the networks that it learns from.

    The generator is a stack of gated convolutions (Dauphin, Fan, Auli and Grangier, ICML 2017) in
    residual blocks, each told emotion and intensity by feature-wise modulation (Perez, Strub, de
    Vries, Dumoulin and Courville, AAAI 2018). All it gives is a *change*, from layers that begin
    with zeros, times the intensity: so it begins by leaving everything as it is, and at intensity 0
    it always does. A change that is the same over the whole phrase has its own layer.

    The discriminator sees the changed phrase in its new time, with a projection head (Miyato and
    Koyama, ICLR 2018), spectral normalisation (Miyato, Kataoka, Koyama and Yoshida, ICLR 2018) and
    instance noise (Sonderby et al., ICLR 2017). It looks at the course of things, and at their
    statistics: without those, the generator finds ways to persuade classifiers that no voice goes.

    There may be several generators, each trained with a discriminator and classifiers of its own;
    what is done to a voice is the mean of what they say (`ser.conversion.training.ensemble`).
    """

    name = "gan-translate"
    summary = "changes the emotion of a voice: envelope, pitch and timing"
    trainer = "translate"
    defaults = MappingProxyType({"lr": 1e-3, "batch_size": 16, "epochs": 8, "weight_decay": 1e-4})

    voters: int = option(
        2, "generators, each trained for itself, whose changes are averaged; each costs as much"
    )
    width: int = option(96, "channels of the generator's blocks", low=48, high=192)
    blocks: int = option(6, "residual blocks of the generator", low=4, high=10)
    dropout: float = option(0.1, "share dropped in the generator", low=0.0, high=0.3)
    near: float = option(1.0, "weight of the distance to the paired recording", low=0.2, high=5.0)
    adversarial: float = option(1.0, "weight of the discriminator's answer", low=0.1, high=2.0)
    emotion: float = option(2.5, "weight of the emotion that classifiers hear", low=0.5, high=5.0)
    speaker: float = option(1.0, "weight of the speaker that a classifier hears", low=0.0, high=2.0)
    d_lr: float = option(
        2.0, "learning rate of the discriminator, as a ratio", low=0.5, high=4.0, log=True
    )
    listening: int = option(25, "epochs that emotion and speaker classifiers are trained before")
    smooth: float = option(
        0.0, "label smoothing: real recordings count as 1 - smooth real", low=0.0, high=0.3
    )
    two_sided: bool = option(False, "changed recordings count as smooth real, instead of 0")
    loss: str = option("hinge", "the adversarial loss", choices=("hinge", "bce"))

    def __post_init__(self) -> None:
        """Checks what cannot be.

        Raises:
            SerError: There is to be no generator.
        """
        if self.voters < 1:
            raise SerError(f"voters={self.voters}", "must be at least 1")

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the generator alone, untrained; see `Architecture.build`."""
        nothing, one = (np.full(SEEN, value, np.float32) for value in (0, 1))
        scale = Scale(nothing[:CHANGED], one[:CHANGED], nothing, one)
        return self.generator(keras, problem.classes, scale)

    def generator(self, keras: Any, emotions: int, scale: Scale) -> Any:
        """Builds the generator.

        Args:
            keras: The module.
            emotions: How many emotions there are.
            scale: Of the training recordings.

        Returns:
            A `keras.Model` from ``features`` (batch, steps, SEEN), any multiple of `MULTIPLE` of
            steps, and ``condition`` (batch, emotions) to the changes (batch, steps, OUTPUTS).
        """
        layers, ops = keras.layers, keras.ops
        features = keras.Input((None, SEEN), name="features")
        condition = keras.Input((emotions,), name="condition")
        real = features[:, :, REAL : REAL + 1]
        x = layers.Normalization(
            axis=-1,
            mean=scale.seen_mean.tolist(),
            variance=(scale.seen_deviation**2).tolist(),
            name="standardise",
        )(features)
        x = layers.Conv1D(self.width, 5, padding="same", name="enter")(x * real)
        told = layers.Dense(64, activation="silu", name="told")(condition)
        for block in range(self.blocks):
            x = x + self._block(keras, x * real, told, 2 ** (block % 4), f"block{block}")
        x = layers.LayerNormalization(name="last")(x)
        x = layers.Activation("silu")(x) * real
        count = ops.maximum(ops.sum(real, axis=1), 1.0)
        pooled = layers.Concatenate()([ops.sum(x, axis=1) / count, told])
        whole = layers.Dense(64, activation="silu", name="whole")(pooled)
        whole = layers.Dense(OUTPUTS, kernel_initializer="zeros", name="whole_change")(whole)
        envelope = layers.Conv1D(
            CEPSTRA, 3, padding="same", kernel_initializer="zeros", name="envelope"
        )(x)
        pitch = _slow(keras, x, _PITCH_POOL, "pitch")
        stretch = _slow(keras, x, _STRETCH_POOL, "stretch")
        change = layers.Concatenate()([envelope, pitch, stretch])
        change = change + layers.Reshape((1, OUTPUTS))(whole)
        # In natural units, times how strong the emotion is to be.
        units = np.concatenate([scale.deviation, [0.3]]).tolist()
        change = layers.Rescaling(units, name="units")(change)
        change = change * layers.Reshape((1, 1))(ops.sum(condition, axis=1, keepdims=True))
        return keras.Model(
            [features, condition],
            layers.Concatenate(name="change")(
                [
                    change[:, :, :CEPSTRA],
                    _PITCH_LIMIT * ops.tanh(change[:, :, CEPSTRA:CHANGED] / _PITCH_LIMIT),
                    _STRETCH_LIMIT * ops.tanh(change[:, :, CHANGED:] / _STRETCH_LIMIT),
                ]
            ),
            name=self.name,
        )

    def discriminator(self, keras: Any, steps: int, emotions: int) -> Any:
        """Builds the discriminator.

        Returns:
            A `keras.Model` from ``heard`` (batch, steps, COLUMNS) and ``condition`` to a number per
            example, high for real recordings of that emotion.
        """
        layers, ops = keras.layers, keras.ops
        heard = keras.Input((steps, COLUMNS), name="heard")
        condition = keras.Input((emotions,), name="condition")
        x = layers.GaussianNoise(0.1)(heard)
        for number, width in enumerate((64, 128, 128)):
            convolution = layers.Conv1D(width, 5, strides=2, padding="same")
            x = layers.SpectralNormalization(convolution, name=f"look{number}")(x)
            x = layers.LeakyReLU(0.2)(x)
        real = layers.MaxPooling1D(8, padding="same")(heard[:, :, REAL : REAL + 1])
        count = ops.maximum(ops.sum(real, axis=1), 1.0)
        outline = layers.SpectralNormalization(layers.Dense(128), name="outline")(
            statistics(keras, heard, heard[:, :, REAL : REAL + 1])
        )
        pooled = layers.Concatenate()(
            [ops.sum(x * real, axis=1) / count, layers.LeakyReLU(0.2)(outline)]
        )
        said = layers.SpectralNormalization(layers.Dense(1), name="say")(pooled)
        wanted = layers.SpectralNormalization(layers.Dense(256, use_bias=False), name="project")(
            condition
        )
        answer = said + ops.sum(pooled * wanted, axis=1, keepdims=True)
        return keras.Model([heard, condition], {ANSWER: answer}, name="discriminator")

    def _block(self, keras: Any, x: Any, told: Any, dilation: int, name: str) -> Any:
        layers = keras.layers
        x = layers.LayerNormalization(name=f"{name}_norm")(x)
        shape = (1, self.width)
        # Both begin with zeros: the block does not know the emotion at first.
        scale = layers.Dense(self.width, kernel_initializer="zeros", name=f"{name}_scale")(told)
        shift = layers.Dense(self.width, kernel_initializer="zeros", name=f"{name}_shift")(told)
        x = x * (1.0 + layers.Reshape(shape)(scale)) + layers.Reshape(shape)(shift)
        both = layers.Conv1D(
            2 * self.width, 5, padding="same", dilation_rate=dilation, name=f"{name}_gated"
        )(x)
        gate = layers.Activation("sigmoid")(both[:, :, self.width :])
        x = both[:, :, : self.width] * gate
        x = layers.Dropout(self.dropout)(x)
        return layers.Conv1D(self.width, 1, name=f"{name}_out")(x)


def _slow(keras: Any, x: Any, pool: int, name: str) -> Any:
    """Makes a contour with a control point every `pool` steps, drawn smoothly between them."""
    layers = keras.layers
    x = layers.AveragePooling1D(pool)(x)
    x = layers.Conv1D(1, 3, padding="same", kernel_initializer="zeros", name=name)(x)
    x = layers.UpSampling1D(pool)(x)
    # Twice a running mean of a staircase: no corners.
    x = layers.AveragePooling1D(pool, strides=1, padding="same")(x)
    return layers.AveragePooling1D(pool, strides=1, padding="same")(x)
