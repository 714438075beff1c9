"""Augmentation by the reverberation of a room."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform, mean_power

# Seconds from the direct sound to the first reflections.
_PRE_DELAY = 0.003
# Energy of the reflections relative to the direct sound, in decibels: with the speaker next to the
# microphone, and across the room.
_NEAR_DB, _FAR_DB = -12.0, 0.0


class Reverb(Transform):
    """Adds the reverberation of a room that needs `value` seconds to fall by 60 dB.

    The impulse response is exponentially decaying white noise (Moorer, "About this reverberation
    business", Computer Music Journal 1979) behind the direct sound; the distance to the speaker is
    random too. Level and length of the clip stay.
    """

    __slots__ = ()
    name: ClassVar[str] = "reverb"
    unit: ClassVar[str] = "s"
    meaning: ClassVar[str] = "seconds of reverberation (RT60)"
    decimals: ClassVar[int] = 2
    default: ClassVar[tuple[float, float]] = (0.2, 0.8)
    bounds: ClassVar[tuple[float, float]] = (0.02, 10.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Convolves; see `Transform.apply`."""
        level = mean_power(samples)
        if not level:
            return samples
        response = impulse_response(parameters.value, rate, rng)[: len(samples)]
        size = 1 << (len(samples) + len(response) - 1).bit_length()
        spectrum = np.fft.rfft(samples, size) * np.fft.rfft(response, size)
        wet = np.fft.irfft(spectrum, size)[: len(samples)]
        wet *= np.sqrt(level / mean_power(wet))
        return wet.astype(np.float32)


def impulse_response(rt60: float, rate: int, rng: np.random.Generator) -> Samples:
    """Draws the impulse response of a room.

    Args:
        rt60: Seconds in which the reflections fall by 60 dB.
        rate: Sample rate in hertz.
        rng: The random generator.

    Returns:
        Shape (samples,): 1 first, then a gap, then the reflections.
    """
    time = np.arange(max(1, round(rt60 * rate))) / rate
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / rt60)
    tail *= 10 ** (rng.uniform(_NEAR_DB, _FAR_DB) / 20) / np.sqrt(np.sum(np.square(tail)))
    response = np.concatenate([[1.0], np.zeros(round(_PRE_DELAY * rate)), tail])
    return response.astype(np.float32)
