"""Augmentation: a telephone line."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters, Transform, fitted

_RATE = 8000
_LOWEST = 300.0  # Hertz
_ORDER = 4
_MU = 255.0
# Where the loudest sample lies in the coder's range: lines are driven high, or they would hiss.
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
        """Telephones; see `Transform.apply`."""
        from scipy.signal import butter, sosfilt

        band = (_LOWEST, parameters.value)
        narrow = reader.resample(samples, rate, _RATE)
        narrow = sosfilt(butter(_ORDER, band, "bandpass", fs=_RATE, output="sos"), narrow)
        peak = float(np.abs(narrow).max(initial=0.0))
        if not peak:
            return samples
        heard = coded(narrow * (_PEAK / peak)) * (peak / _PEAK)
        return fitted(reader.resample(heard.astype(np.float32), _RATE, rate), len(samples))


def coded(samples: Samples) -> Samples:
    """Rounds samples within -1 and 1 as a mu-law coder of 8 bits does; shape (samples,)."""
    bent = np.sign(samples) * np.log1p(_MU * np.abs(samples)) / np.log1p(_MU)
    bent = np.round(bent * 127) / 127
    straight: Samples = np.sign(bent) * np.expm1(np.abs(bent) * np.log1p(_MU)) / _MU
    return straight
