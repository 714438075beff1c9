"""The engine of pix2pix: a network whose output is a whole mel spectrogram."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import Contours, extract_contours
from ser.conversion.griffin_lim import griffin_lim, invert_mel
from ser.conversion.models.pix2pix import EMOTION, FRAME_MULTIPLE, SOURCE, mean_level
from ser.conversion.modification import (
    MAX_INTENSITY,
    Modification,
    check_emotion,
    identity_modification,
)

Network = Callable[[Mapping[str, Matrix]], Matrix]
"""The generator of `ser.conversion.models.pix2pix.Pix2PixMel`, on any backend."""

_DB_PER_NEPER = np.float32(10 / np.log(10))

# Largest change of a band in decibels: twice what anger adds to the level of a voice.
_MAX_GAIN_DB = 40.0


class Pix2PixConverter:
    """Converts with the generator of pix2pix; see `ser.conversion.modification.Converter`.

    The network's spectrogram has the frames of the source. As a converter, the gains are the
    difference between both; F0 and timing stay, because a spectrogram does not tell them.
    `waveform` inverts the spectrogram itself.

    Args:
        network: From `SOURCE` (1, frames, bands) and `EMOTION` (1, emotions) to (1, frames, bands).
        emotions: In the order of the network's conditions.
    """

    def __init__(self, network: Network, emotions: Sequence[str]) -> None:
        self.emotions = tuple(emotions)
        self._network = network

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Computes the modification of a phrase; see `Converter`."""
        change = identity_modification(len(contours))
        if self._keeps(to, intensity, source) or not len(contours):
            return change
        generated = self.spectrogram(contours, to, intensity)
        gain = np.clip((generated - contours.logmel) * _DB_PER_NEPER, -_MAX_GAIN_DB, _MAX_GAIN_DB)
        return replace(change, gain=gain.astype(np.float32))

    def spectrogram(self, contours: Contours, to: str, intensity: float = 1.0) -> Matrix:
        """Computes the mel spectrogram of a phrase in an emotion.

        Args:
            contours: The phrase.
            to: The target emotion, one of `emotions`.
            intensity: 1 is an actor's strong recording, up to `MAX_INTENSITY`.

        Returns:
            Natural logarithm of the mel power, shape (frames, 80).

        Raises:
            ParameterError: The emotion is not one of `emotions`.
        """
        emotion = np.zeros((1, len(self.emotions)), np.float32)
        emotion[0, self._index(to)] = min(intensity, MAX_INTENSITY)
        frames = len(contours)
        level = mean_level(contours.logmel)
        relative = contours.logmel - level
        padded = np.pad(relative, ((0, -frames % FRAME_MULTIPLE), (0, 0)), mode="symmetric")
        generated = self._network({SOURCE: padded[None], EMOTION: emotion})
        return np.asarray(generated[0, :frames] + level, np.float32)

    def waveform(
        self,
        samples: Vector,
        to: str,
        intensity: float = 1.0,
        source: str | None = None,
        *,
        phase: bool = True,
    ) -> Vector:
        """Converts a phrase by inverting the network's spectrogram.

        Args:
            samples: Mono, 16 kHz.
            to: The target emotion, one of `emotions`.
            intensity: 1 is an actor's strong recording; 0 changes nothing.
            source: The emotion of the phrase, where known.
            phase: Use the phase of the source; otherwise the method of Griffin and Lim.

        Returns:
            Mono, 16 kHz; as many samples with the phase of the source.

        Raises:
            ParameterError: The emotion is not one of `emotions`.
        """
        if self._keeps(to, intensity, source):
            return samples
        generated = self.spectrogram(extract_contours(samples), to, intensity)
        return invert_mel(generated, samples) if phase else griffin_lim(generated)

    def _keeps(self, to: str, intensity: float, source: str | None) -> bool:
        self._index(to)
        return intensity == 0 or source == to

    def _index(self, to: str) -> int:
        check_emotion(to, self.emotions)
        return self.emotions.index(to)
