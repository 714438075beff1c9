"""What is measured of each frame: pitch, level, spectral balance, voice quality.

The choice follows the Geneva minimalistic acoustic parameter set (Eyben et al., "The Geneva
Minimalistic Acoustic Parameter Set (GeMAPS) for voice research and affective computing", IEEE
Transactions on Affective Computing, 2016) where it can be had from a spectrogram; formants are left
to the cepstra. Written from the paper; no code of openSMILE is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.features import banks
from ser.features.spec import FeatureSpec
from ser.prosody.pitch import Pitch, track

Matrix = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SPECTRAL = ("alpha", "hammarberg", "slope_low", "slope_high", "flux")
"""Descriptors of the balance of the spectrum, measured in every frame."""

VOICED = ("pitch", "hnr", "h1_h2", "h1_a3")
"""Descriptors that a frame without a pitch has no value of."""

CEPSTRA = 14
"""Cepstral coefficients, the first being the level."""

_FLOOR = np.float32(1e-10)
# NumPy has a quick natural logarithm in single precision, and a slow one to the base of ten.
_DECIBELS = np.float32(10 / np.log(10))
# Frames that lie more decibels under the loudest are a pause.
_ACTIVE_DB = 35.0
_MELS = 40
# Nothing above is looked at in decibels.
_TOP_HZ = 5000.0


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Every descriptor of a clip.

    Attributes:
        pitch: The pitch contour.
        active: Frames that are no pause, shape (frames,).
        level: Level of the active frames' mean power in decibels.
        values: By name, each of shape (frames,): those of `SPECTRAL` and `VOICED`, ``energy`` in
            decibels and ``loudness`` relative to the clip's level, ``centroid`` and ``rolloff`` in
            hertz.
        cepstra: Shape (frames, `CEPSTRA`).
        seconds: From one frame to the next.
    """

    pitch: Pitch
    active: Mask
    level: float
    values: dict[str, Vector]
    cepstra: Matrix
    seconds: float


def describe(power: Matrix, spec: FeatureSpec) -> Descriptors:
    """Measures every frame.

    A constant factor in the samples changes `Descriptors.level` and nothing else.

    Args:
        power: Power spectrogram, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and hop are used.
    """
    rate = spec.sample_rate
    total = power.sum(axis=1)
    decibels = _decibels(total)
    active = decibels > decibels.max() - _ACTIVE_DB
    mean = total[active].mean()
    power = power / np.maximum(mean, _FLOOR)
    total = power.sum(axis=1)
    divisor = np.maximum(total, _FLOOR)
    pitch = track(power, rate, banks.hann(spec.win_length, spec.n_fft))
    hertz = _hertz(spec)
    logarithm = _decibels(power[:, _bins(spec, 0, _TOP_HZ)])
    mel = _mel(spec)(power)
    strength = pitch.strength
    first, second = _harmonic(logarithm, pitch, spec, 1), _harmonic(logarithm, pitch, spec, 2)
    third = logarithm[:, _bins(spec, 2001, 3500)].max(axis=1)
    shape = np.sqrt(power / divisor[:, None])
    change = np.diff(shape, axis=0, prepend=shape[:1])
    summed = np.cumsum(power, axis=1)
    with np.errstate(divide="ignore"):
        # Quicker than a power; nothing has no loudness.
        loudness = np.exp(np.float32(0.3) * np.log(mel)).sum(axis=1)
    values = {
        "pitch": pitch.semitones,
        "hnr": _decibels(strength / (1 - strength)),
        "h1_h2": first - second,
        "h1_a3": first - third,
        "alpha": _decibels(power[:, _bins(spec, 50, 1000)].sum(axis=1))
        - _decibels(power[:, _bins(spec, 1000, _TOP_HZ)].sum(axis=1)),
        "hammarberg": logarithm[:, _bins(spec, 0, 2000)].max(axis=1)
        - logarithm[:, _bins(spec, 2000, _TOP_HZ)].max(axis=1),
        "slope_low": _slope(logarithm, spec, 0, 500),
        "slope_high": _slope(logarithm, spec, 500, 1500),
        "flux": np.einsum("ij,ij->i", change, change),
        "energy": _decibels(total),
        "loudness": loudness,
        "centroid": (power @ hertz) / divisor,
        "rolloff": hertz[(summed >= 0.85 * summed[:, -1:]).argmax(axis=1)],
    }
    return Descriptors(
        pitch,
        active,
        float(_decibels(mean)),
        {name: np.asarray(value, np.float32) for name, value in values.items()},
        np.log(mel + np.float32(1e-8)) @ banks.dct_basis(CEPSTRA, _MELS).T,
        spec.hop_length / rate,
    )


@lru_cache(maxsize=8)
def _mel(spec: FeatureSpec) -> banks.Banded:
    wide = spec.with_changes(n_mels=_MELS, n_mfcc=1, fmin=20.0, fmax=None)
    return banks.Banded(banks.mel_bank(wide))


@lru_cache(maxsize=8)
def _hertz(spec: FeatureSpec) -> Vector:
    return np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate).astype(np.float32)


@lru_cache(maxsize=64)
def _bins(spec: FeatureSpec, low: float, high: float) -> slice:
    """Gives the bins from one frequency to under another."""
    return slice(*np.searchsorted(_hertz(spec), (low, high)).tolist())


def _decibels(power: Any) -> Any:
    return _DECIBELS * np.log(power + _FLOOR)


def _slope(logarithm: Matrix, spec: FeatureSpec, low: float, high: float) -> Vector:
    """Slope of a straight line through part of the spectrum, in decibels per kilohertz."""
    inside = _bins(spec, low, high)
    place = _hertz(spec)[inside] / 1000
    place = place - place.mean()
    slope: Vector = (logarithm[:, inside] @ place) / np.square(place).sum()
    return slope


def _harmonic(logarithm: Matrix, pitch: Pitch, spec: FeatureSpec, number: int) -> Vector:
    """Level of a harmonic in decibels: the greatest of three bins around it."""
    # Frames without a pitch are read somewhere; nobody looks at what comes of it.
    hertz = np.where(pitch.voiced, 2.0 ** (pitch.semitones / 12), 200.0)
    place = np.round(number * hertz * spec.n_fft / spec.sample_rate).astype(np.intp)
    place = np.clip(place, 1, logarithm.shape[1] - 2)[:, None]
    level: Vector = np.take_along_axis(logarithm, place + np.arange(-1, 2), axis=1).max(axis=1)
    return level
