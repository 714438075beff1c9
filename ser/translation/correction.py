"""What moving periods did to a phrase's level and envelope, to be taken back."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser import audio
from ser.features import banks
from ser.features.envelope import smoothed
from ser.features.shorttime import ShortTime
from ser.translation.contours import SPEC, Contours
from ser.translation.rows import between, evened

Vector = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

# So many cepstral coefficients are corrected: level and broad shape. Finer corrections follow the
# harmonics, which lie elsewhere now, and make the voice rough (measured: harmonics to noise).
_COEFFICIENTS = 8
# Decibels; what is farther off than this was not the same sound.
_MOST = 9.0


def correction(
    moved: Vector, rate: int, contours: Contours, rows: Doubles, semitones: Doubles
) -> Matrix:
    """Compares the envelope of a voice after its periods were moved with that before.

    Grains closer together add up to more power, and farther apart to less; and another set of
    harmonics picks other places of the envelope.

    Args:
        moved: The waveform with moved periods, shape (samples,).
        rate: Its rate in hertz.
        contours: Of the waveform before.
        rows: Which frame of the contours, with fractions, every `HOP` of the output is made from,
            shape (frames,).
        semitones: How much higher it is there, shape (frames,).

    Returns:
        Decibels to be added on the mel bands, shape (frames, 80).
    """
    power = ShortTime(audio.resample(moved, rate, SPEC.sample_rate), SPEC).power
    frames = min(len(power), len(rows))
    pitch = np.interp(rows, np.arange(len(contours)), contours.pitch)[:frames] + semitones[:frames]
    voiced = contours.voiced[np.round(rows[:frames]).astype(np.intp)]
    bands = _filters()(smoothed(power[:frames], pitch.astype(np.float32), voiced, SPEC))
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)[:_COEFFICIENTS]
    found = 10 * np.log10(np.maximum(bands, np.float32(1e-10))) @ basis.T
    wanted = between(contours.cepstrum[:, :_COEFFICIENTS], rows[:frames])
    missing = np.where(voiced[:, None], wanted - found, 0)
    result = np.zeros((len(rows), SPEC.n_mels), np.float32)
    result[:frames] = np.clip(missing @ basis, -_MOST, _MOST)
    return evened(result)


@lru_cache(maxsize=1)
def _filters() -> banks.Banded:
    return banks.Banded(banks.mel_bank(SPEC))
