"""Pix2pix on mel spectrograms: the first architecture of emotion conversion, kept as a baseline."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.models.adversarial import AdversarialArchitecture
from ser.models.base import Problem, option
from ser.models.limits import DROPOUT, NOT_NEGATIVE, POSITIVE, RATIO

SOURCE, EMOTION, SPECTROGRAM = "source", "emotion", "spectrogram"
"""Names of inputs: the generator has the first two, the discriminator all three."""

FRAME_MULTIPLE = 16
"""The number of frames must be a multiple of this, for the generator halves it four times."""


@dataclass(frozen=True)
class Pix2PixMel(AdversarialArchitecture):
    """Image-to-image translation (Isola, Zhu, Zhou and Efros, CVPR 2017) of mel spectrograms.

    The generator is a U-Net from the spectrogram of the source and the target emotion to the whole
    new spectrogram. The discriminator classifies patches of pairs of source and result. Differences
    from the paper, for spectrograms or for speed on a CPU:

    * The emotion, one-hot and times the intensity, is added to the first features through a dense
      layer. That equals a channel per emotion, without its multiplications.
    * Four halvings instead of eight: 80 bands cannot be halved further, and 16 frames are a
      phoneme.
    * Layer normalization instead of batch or instance normalization: phrases have any length, and
      the level, which carries much of an emotion, is a mean over the spectrogram.
    * Nearest-neighbor upsampling and convolutions instead of transposed convolutions, which leave a
      checkerboard pattern (Odena, Dumoulin and Olah, Distill 2016), and one more skip connection,
      from the source itself, because the words are to stay.
    * Spectrograms are relative to the level of the source, so that a loud recording is not taken
      for an angry one, nor made as quiet as those of the training.
    * Dropout, the paper's noise, is used in training alone: conversion is deterministic.
    """

    name = "pix2pix-mel"
    summary = "generates mel spectrograms: the first architecture of conversion, now a baseline"
    trainer = "pix2pix"
    defaults = MappingProxyType({"lr": 5e-4, "epochs": 5, "batch_size": 8})

    width: float = option(
        1.0, "channels of every convolution, as a ratio", RATIO, low=0.5, high=1.5
    )
    crop: int = option(
        96, "frames of 10 ms that a training example has", choices=(32, 64, 96, 128, 192)
    )
    dropout: float = option(
        0.2, "share dropped in the middle of the U-Net, in training", DROPOUT, low=0.0, high=0.5
    )
    l1: float = option(
        10.0,
        "weight of the distance to the target recording; 100 as in the paper averages what "
        "recordings of an emotion do not have in common, and all emotions come out alike",
        NOT_NEGATIVE,
        low=1.0,
        high=100.0,
        log=True,
    )
    two_sided: bool = option(False, "generated patches count as --label-smoothing real, not as 0")
    d_lr: float = option(
        0.5, "learning rate of the discriminator, as a ratio", POSITIVE, low=0.1, high=2.0, log=True
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the generator.

        Returns:
            A `keras.Model` from log-mels (batch, frames, bands), the frames any multiple of
            `FRAME_MULTIPLE`, and emotions (batch, classes), one-hot times the intensity, to
            log-mels of the same shape; all less the level of the source (`mean_level`).
        """
        layers = keras.layers
        source = keras.Input((None, problem.coefficients), name=SOURCE)
        emotion = keras.Input((problem.classes,), name=EMOTION)
        image = layers.Reshape((-1, problem.coefficients, 1))(
            normalization_layer(keras, problem)(source)
        )
        x = layers.Conv2D(self._channels(32), 4, strides=2, padding="same")(image)
        x = layers.Add()([x, self._condition_bias(keras, emotion, 32)])
        skips = [x]
        for count in (64, 128, 192):
            x = layers.Conv2D(self._channels(count), 4, strides=2, padding="same", use_bias=False)(
                layers.LeakyReLU(0.2)(x)
            )
            x = layers.LayerNormalization()(x)
            skips.append(x)
        x = layers.Add()([skips.pop(), self._condition_bias(keras, emotion, 192)])
        for count, dropped in ((128, self.dropout), (64, self.dropout), (32, 0.0)):
            x = layers.UpSampling2D()(layers.ReLU()(x))
            x = layers.Conv2D(self._channels(count), 3, padding="same", use_bias=False)(x)
            x = layers.Dropout(dropped)(layers.LayerNormalization()(x))
            x = layers.Concatenate()([x, skips.pop()])
        x = layers.Conv2D(self._channels(16), 3, padding="same")(layers.ReLU()(x))
        x = layers.Concatenate()([layers.UpSampling2D()(x), image])
        x = layers.ReLU()(layers.Conv2D(self._channels(16), 3, padding="same")(x))
        x = layers.Conv2D(1, 3, padding="same", dtype="float32")(x)
        x = layers.Reshape((-1, problem.coefficients), dtype="float32")(x)
        x = normalization_layer(keras, problem, invert=True)(x)
        return keras.Model([source, emotion], x, name="generator")

    def discriminator(self, keras: Any, problem: Problem) -> Any:
        """Builds the discriminator.

        Returns:
            A `keras.Model` from log-mels of sources (batch, frames, bands), emotions (batch,
            classes) and log-mels of the results to logits, positive for real
            patches of half a second by half the bands, (batch, frames / 8, bands / 8, 1).
        """
        layers, size = keras.layers, problem.coefficients
        source = keras.Input((None, size), name=SOURCE)
        emotion = keras.Input((problem.classes,), name=EMOTION)
        spectrogram = keras.Input((None, size), name=SPECTROGRAM)
        images = [
            layers.Reshape((-1, size, 1))(normalization_layer(keras, problem)(side))
            for side in (source, spectrogram)
        ]
        x = layers.Concatenate()(images)
        x = layers.Conv2D(self._channels(32), 4, strides=2, padding="same")(x)
        x = layers.LeakyReLU(0.2)(layers.Add()([x, self._condition_bias(keras, emotion, 32)]))
        for count in (64, 128):
            x = layers.Conv2D(self._channels(count), 4, strides=2, padding="same", use_bias=False)(
                x
            )
            x = layers.LeakyReLU(0.2)(layers.LayerNormalization()(x))
        x = layers.Conv2D(1, 4, padding="same", dtype="float32")(x)
        return keras.Model([source, emotion, spectrogram], x, name="discriminator")

    def _channels(self, count: int) -> int:
        return max(4, round(count * self.width))

    def _condition_bias(self, keras: Any, emotion: Any, count: int) -> Any:
        """Projects a condition to a bias for every channel."""
        size = self._channels(count)
        return keras.layers.Reshape((1, 1, size))(keras.layers.Dense(size, use_bias=False)(emotion))


def mean_level(logmel: Matrix) -> np.float32:
    """Computes the level of a recording: the natural logarithm of its mean power.

    Args:
        logmel: Shape (frames, bands).
    """
    return np.float32(np.log(np.exp(logmel, dtype=np.float64).mean()))


def normalization_layer(keras: Any, problem: Problem, *, invert: bool = False) -> Any:
    """Makes the layer that normalizes each band to mean 0 and variance 1, or its inverse."""
    if problem.mean is None or problem.variance is None:
        return keras.layers.Identity(dtype="float32")
    return keras.layers.Normalization(
        axis=-1,
        mean=problem.mean.tolist(),
        variance=problem.variance.tolist(),
        invert=invert,
        dtype="float32",
    )
