"""What is measured of each frame: pitch, level, spectral balance, voice quality.

The choice follows the Geneva minimalistic acoustic parameter set (Eyben et al., "The Geneva
Minimalistic Acoustic Parameter Set (GeMAPS) for voice research and affective computing", IEEE
Transactions on Affective Computing, 2016) where it can be had from a spectrogram; formants are left
to the cepstra. Written from the paper; no code of openSMILE is in it.
"""

from __future__ import annotations

from dataclasses import dataclass

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

_FLOOR = 1e-10
# Frames that lie more decibels under the loudest are a pause.
_ACTIVE_DB = 35.0
_MELS = 40


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
    decibels = 10 * np.log10(total + _FLOOR)
    active = decibels > decibels.max() - _ACTIVE_DB
    mean = float(total[active].mean())
    power = power / np.float32(max(mean, _FLOOR))
    total = power.sum(axis=1)
    pitch = track(power, rate, banks.hann(spec.win_length, spec.n_fft))
    hertz = np.fft.rfftfreq(spec.n_fft, 1 / rate).astype(np.float32)
    logarithm = 10 * np.log10(power + np.float32(_FLOOR))
    mel = power @ _mel(spec).T
    strength = pitch.strength
    first, second = _harmonic(logarithm, pitch, spec, 1), _harmonic(logarithm, pitch, spec, 2)
    third = logarithm[:, (hertz > 2000) & (hertz < 3500)].max(axis=1)
    shape = np.sqrt(power / np.maximum(total, _FLOOR)[:, None])
    flux = np.square(np.diff(shape, axis=0, prepend=shape[:1])).sum(axis=1)
    summed = np.cumsum(power, axis=1)
    values = {
        "pitch": pitch.semitones,
        "hnr": 10 * np.log10(strength / (1 - strength)),
        "h1_h2": first - second,
        "h1_a3": first - third,
        "alpha": _ratio(_sum(power, hertz, 50, 1000), _sum(power, hertz, 1000, 5000)),
        "hammarberg": logarithm[:, hertz < 2000].max(axis=1)
        - logarithm[:, (hertz >= 2000) & (hertz < 5000)].max(axis=1),
        "slope_low": _slope(logarithm, hertz, 0, 500),
        "slope_high": _slope(logarithm, hertz, 500, 1500),
        "flux": flux,
        "energy": 10 * np.log10(total + _FLOOR),
        "loudness": (mel**0.3).sum(axis=1),
        "centroid": (power @ hertz) / np.maximum(total, _FLOOR),
        "rolloff": hertz[(summed >= 0.85 * summed[:, -1:]).argmax(axis=1)],
    }
    return Descriptors(
        pitch,
        active,
        10 * float(np.log10(mean + _FLOOR)),
        {name: np.asarray(value, np.float32) for name, value in values.items()},
        np.log(mel + np.float32(1e-8)) @ banks.dct_basis(CEPSTRA, _MELS).T,
        spec.hop_length / rate,
    )


def _mel(spec: FeatureSpec) -> Matrix:
    return banks.mel_bank(spec.with_changes(n_mels=_MELS, n_mfcc=1, fmin=20.0, fmax=None))


def _sum(power: Matrix, hertz: Vector, low: float, high: float) -> Vector:
    total: Vector = power[:, (hertz >= low) & (hertz < high)].sum(axis=1)
    return total


def _ratio(one: Vector, other: Vector) -> Vector:
    ratio: Vector = 10 * np.log10((one + _FLOOR) / (other + _FLOOR))
    return ratio


def _slope(logarithm: Matrix, hertz: Vector, low: float, high: float) -> Vector:
    """Slope of a straight line through part of the spectrum, in decibels per kilohertz."""
    inside = (hertz >= low) & (hertz < high)
    place = hertz[inside] / 1000
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
