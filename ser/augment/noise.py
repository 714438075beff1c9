"""Augmentation by noise at a signal-to-noise ratio."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters, Transform, fit_length, mean_power
from ser.errors import AudioError

_LOWEST_HZ = 30.0  # Below it, pink noise has a flat spectrum.
# Characters of a recording's name in labels.
_NAME_LENGTH = 24


@dataclass(frozen=True, slots=True)
class NoiseRecording:
    """A recording to take noise from.

    Attributes:
        path: The file.
        seconds: Its duration.
    """

    path: Path
    seconds: float

    @property
    def kind(self) -> str:
        """Its name in labels, without characters that mean something there."""
        return re.sub(r"[^\w.-]", "_", self.path.stem)[:_NAME_LENGTH]


@dataclass(frozen=True, slots=True)
class Noise(Transform):
    """Adds noise that lies `value` decibels under the clip: white or pink, or from recordings.

    The ratio is that of the mean powers over the whole clip, pauses included. A silent clip stays
    silent.

    Attributes:
        recordings: Noise is taken from a random place of a random one; without recordings it is
            white or pink.
    """

    recordings: tuple[NoiseRecording, ...] = ()

    name: ClassVar[str] = "noise"
    unit: ClassVar[str] = "dB"
    meaning: ClassVar[str] = "decibels of signal-to-noise ratio"
    decimals: ClassVar[int] = 1
    default: ClassVar[tuple[float, float]] = (10.0, 30.0)
    bounds: ClassVar[tuple[float, float]] = (-30.0, 100.0)

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draws the ratio and the kind of noise; see `Transform.draw`."""
        value = round(float(rng.uniform(self.low, self.high)), self.decimals)
        kinds = [recording.kind for recording in self.recordings] or ["white", "pink"]
        return Parameters(value, kinds[int(rng.integers(len(kinds)))])

    def label(self, parameters: Parameters) -> str:
        """See `Transform.label`; the kind of noise follows the ratio: ``noise=12.3dB:pink``."""
        return f"{self.name}={parameters.value + 0.0:g}{self.unit}:{parameters.kind}"

    def max_label_length(self) -> int:
        """See `Transform.max_label_length`."""
        return Transform.max_label_length(self) + 1 + _NAME_LENGTH

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Adds noise; see `Transform.apply`.

        Raises:
            AudioError: A recording of noise cannot be read, or is silent there.
        """
        signal = mean_power(samples)
        if not signal:
            return samples
        if self.recordings:
            noise = self._recorded(len(samples), rate, parameters, rng)
        else:
            noise = _NOISE_COLORS[parameters.kind](len(samples), rate, rng)
        gain = np.sqrt(signal / mean_power(noise)) * 10 ** (-parameters.value / 20)
        return samples + noise * np.float32(gain)

    def _recorded(
        self, count: int, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        # Several recordings may have the same name.
        fits = [found for found in self.recordings if found.kind == parameters.kind]
        chosen = fits[int(rng.integers(len(fits)))]
        seconds = count / rate
        start = float(rng.uniform(0, max(0.0, chosen.seconds - seconds)))
        noise = reader.read(chosen.path, rate, offset=start, duration=seconds)
        if not mean_power(noise):
            raise AudioError(
                chosen.path, f"is silent after {start:.1f} s", "leave it out of the folder of noise"
            )
        repeated: Samples = np.tile(noise, -(-count // len(noise)))
        return fit_length(repeated, count)


def white_noise(count: int, rate: int, rng: np.random.Generator) -> Samples:
    """Makes noise with equal power at every frequency; shape (count,)."""
    return rng.standard_normal(count, np.float32)


def pink_noise(count: int, rate: int, rng: np.random.Generator) -> Samples:
    """Makes noise with equal power in every octave from 30 Hz on; shape (count,)."""
    size = 1 << max(1, (count - 1).bit_length())
    frequency = np.maximum(np.fft.rfftfreq(size, 1 / rate), _LOWEST_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(size)) / np.sqrt(frequency)
    # No constant offset.
    spectrum[0] = 0
    return np.fft.irfft(spectrum, size)[:count].astype(np.float32)


_NOISE_COLORS = {"white": white_noise, "pink": pink_noise}
