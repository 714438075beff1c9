"""The engine of the first recipe: a network that draws the whole mel spectrogram anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import Contours, contours_of
from ser.conversion.griffin_lim import griffin_lim, to_waveform
from ser.conversion.models.pix2pix import EMOTION, SOURCE, STEP, level_of
from ser.conversion.modification import MAX_INTENSITY, Change, no_change
from ser.errors import SerError

Network = Callable[[Mapping[str, Matrix]], Matrix]
"""The generator of `ser.conversion.models.pix2pix.Pix2PixMel`, on whatever runs it."""

_DB_PER_NEPER = np.float32(10 / np.log(10))

# Decibels that a band is changed by, at most: twice what anger adds to the level of a voice.
_MOST = 40.0


class Pix2PixConverter:
    """Converts with the generator of pix2pix; see `ser.conversion.modification.Converter`.

    It draws a spectrogram with the source's frames. As a converter it says what that adds to the
    source, for the renderer to do to the waveform; pitch and timing stay, because a spectrogram
    says nothing of them. `waveform` makes sound of it as the first recipe did.

    Args:
        network: From `SOURCE` (1, frames, bands) and `EMOTION` (1, emotions) to (1, frames, bands).
        emotions: In the order of the network's conditions.
    """

    def __init__(self, network: Network, emotions: Sequence[str]) -> None:
        self.emotions = tuple(emotions)
        self._network = network

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Change:
        """Says what is to become of a phrase; see `Converter`."""
        change = no_change(len(contours))
        if self._stays(to, intensity, source) or not len(contours):
            return change
        drawn = self.spectrogram(contours, to, intensity)
        gain = np.clip((drawn - contours.logmel) * _DB_PER_NEPER, -_MOST, _MOST)
        return replace(change, gain=gain.astype(np.float32))

    def spectrogram(self, contours: Contours, to: str, intensity: float = 1.0) -> Matrix:
        """Draws the mel spectrogram of a phrase in an emotion.

        Args:
            contours: The phrase.
            to: An emotion of `emotions`.
            intensity: 1 is as strong as an actor's strong recordings, up to `MAX_INTENSITY`.

        Returns:
            Natural logarithm of the mel power, shape (frames, 80).

        Raises:
            SerError: The emotion is not one of `emotions`.
        """
        emotion = np.zeros((1, len(self.emotions)), np.float32)
        emotion[0, self._place(to)] = min(intensity, MAX_INTENSITY)
        frames = len(contours)
        level = level_of(contours.logmel)
        relative = contours.logmel - level
        padded = np.pad(relative, ((0, -frames % STEP), (0, 0)), mode="symmetric")
        drawn = self._network({SOURCE: padded[None], EMOTION: emotion})
        return np.asarray(drawn[0, :frames] + level, np.float32)

    def waveform(
        self,
        samples: Vector,
        to: str,
        intensity: float = 1.0,
        source: str | None = None,
        *,
        phase: bool = True,
    ) -> Vector:
        """Translates a phrase as the first recipe did: the spectrogram drawn is inverted.

        Args:
            samples: Mono, 16 kHz.
            to: An emotion of `emotions`.
            intensity: 1 is as strong as an actor's strong recordings; 0 changes nothing.
            source: The emotion that it has, where known.
            phase: Take the phase of the source; otherwise find one.

        Returns:
            Mono, 16 kHz; as many samples with the phase of the source.

        Raises:
            SerError: The emotion is not one of `emotions`.
        """
        if self._stays(to, intensity, source):
            return samples
        drawn = self.spectrogram(contours_of(samples), to, intensity)
        return to_waveform(drawn, samples) if phase else griffin_lim(drawn)

    def _stays(self, to: str, intensity: float, source: str | None) -> bool:
        self._place(to)
        return intensity == 0 or source == to

    def _place(self, to: str) -> int:
        if to not in self.emotions:
            raise SerError(
                f"--to {to}",
                "is not an emotion that the model can make",
                f"use {', '.join(self.emotions)}",
            )
        return self.emotions.index(to)
