"""Augmentation by a telephone line."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters, Transform, fit_length

_RATE = 8000
_LOWEST_HZ = 300.0
_ORDER = 4
_MU = 255.0
# The loudest sample relative to the coder's range; a lower level would be quantized more coarsely.
_PEAK = 0.5


class Telephone(Transform):
    """Sends a clip from 300 to `value` hertz through an 8 kHz line with 8 bits per sample.

    The bits are those of the mu-law of ITU-T G.711, in its continuous form. The level comes back as
    it was.
    """

    __slots__ = ()
    name: ClassVar[str] = "telephone"
    unit: ClassVar[str] = "Hz"
    meaning: ClassVar[str] = "hertz that the line lets through"
    decimals: ClassVar[int] = 0
    default: ClassVar[tuple[float, float]] = (3000.0, 3800.0)
    bounds: ClassVar[tuple[float, float]] = (1000.0, 3900.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Sends the clip through the line; see `Transform.apply`."""
        from scipy.signal import butter, sosfilt

        band = (_LOWEST_HZ, parameters.value)
        narrow = reader.resample(samples, rate, _RATE)
        narrow = sosfilt(butter(_ORDER, band, "bandpass", fs=_RATE, output="sos"), narrow)
        peak = float(np.abs(narrow).max(initial=0.0))
        if not peak:
            return samples
        received = mu_law(narrow * (_PEAK / peak)) * (peak / _PEAK)
        return fit_length(reader.resample(received.astype(np.float32), _RATE, rate), len(samples))


def mu_law(samples: Samples) -> Samples:
    """Quantizes samples within -1 and 1 as a mu-law coder of 8 bits does; shape (samples,)."""
    compressed = np.sign(samples) * np.log1p(_MU * np.abs(samples)) / np.log1p(_MU)
    compressed = np.round(compressed * 127) / 127
    expanded: Samples = np.sign(compressed) * np.expm1(np.abs(compressed) * np.log1p(_MU)) / _MU
    return expanded
