"""What is measured of each frame: pitch, level, spectral balance, voice quality.

The choice follows the Geneva minimalistic acoustic parameter set (Eyben et al., "The Geneva
Minimalistic Acoustic Parameter Set (GeMAPS) for voice research and affective computing", IEEE
Transactions on Affective Computing, 2016) where it can be had from a spectrogram; formants are left
to the cepstra. Written from the paper; no code of openSMILE is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ser.arrays import Mask, Matrix, Vector
from ser.features import banks
from ser.features.prosody.measures import (
    FLOOR,
    MELS,
    bins,
    hertz_of_bins,
    layout,
    measure,
    needs_own_scale,
)
from ser.features.prosody.pitch import Candidates, Pitch, follow
from ser.features.spec import FeatureSpec

SPECTRAL = ("alpha", "hammarberg", "slope_low", "slope_high", "flux")
"""Descriptors of the balance of the spectrum, measured in every frame."""

VOICED = ("pitch", "hnr", "h1_h2", "h1_a3")
"""Descriptors that a frame without a pitch has no value of."""

CEPSTRA = 14
"""Cepstral coefficients, the first being the level."""

# NumPy has a quick natural logarithm in single precision, and a slow one to the base of ten.
_DECIBELS = np.float32(10 / np.log(10))
# Frames that lie more decibels under the loudest are a pause.
_ACTIVE_DB = 35.0
_AROUND = np.arange(-1, 2)


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


def describe(power: Matrix, spec: FeatureSpec, *, quick: bool = False) -> Descriptors:
    """Measures every frame of a clip.

    A constant factor in the samples changes `Descriptors.level` and nothing else.

    Args:
        power: Power spectrogram, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and hop are used.
        quick: Take the last digits as they come, and with them one or the other of two contours of
            the pitch that are equally good.
    """
    active, mean = _level(power.sum(axis=1))
    own = power / np.maximum(mean, FLOOR)
    return _described(measure(own, spec, quick=quick), active, mean, spec)


def describe_measured(measures: Matrix, spec: FeatureSpec) -> Descriptors | None:
    """Describes a clip whose frames have been measured, perhaps together with others.

    Args:
        measures: What `ser.features.prosody.measures.measure` gave of its frames; the flux of the
            first is not read.
        spec: The specification.

    Returns:
        What `describe` gives but for rounding, or None where the clip's own floor decides.
    """
    plan = layout(spec)
    active, mean = _level(measures[:, plan.columns["total"]][:, 0])
    if needs_own_scale(measures, spec, float(mean)):
        return None
    own = measures.copy()
    own[:, plan.scaled] *= 1 / np.maximum(mean, FLOOR)
    own[:1, plan.columns["flux"]] = 0
    return _described(own, active, mean, spec)


def _level(total: Vector) -> tuple[Mask, np.float32]:
    """Says which frames are no pause, and how much power these have on average."""
    decibels = _decibels(total)
    active = decibels > decibels.max() - _ACTIVE_DB
    mean: np.float32 = total[active].mean()
    return active, mean


def _described(measures: Matrix, active: Mask, mean: np.float32, spec: FeatureSpec) -> Descriptors:
    """Describes frames whose level has been taken out."""
    columns = layout(spec).columns

    def of(name: str) -> Vector:
        return measures[:, columns[name]][:, 0]

    total, mel, low = of("total"), measures[:, columns["mel"]], measures[:, columns["low"]]
    divisor = np.maximum(total, FLOOR)
    pitch = follow(
        Candidates(
            score=measures[:, columns["score"]],
            octaves=measures[:, columns["octaves"]],
            top=measures[:, columns["top"]],
            highest=of("highest"),
            energy=of("energy"),
        )
    )
    logarithm = _decibels(low[:, bins(spec, 0, 1500)])
    first, second = _harmonic(low, pitch, spec, 1), _harmonic(low, pitch, spec, 2)
    strength = pitch.strength
    with np.errstate(divide="ignore"):
        # Quicker than a power; nothing has no loudness.
        loudness = np.exp(np.float32(0.3) * np.log(mel)).sum(axis=1)
    values = {
        "pitch": pitch.semitones,
        "hnr": _decibels(strength / (1 - strength)),
        "h1_h2": first - second,
        "h1_a3": first - _decibels(of("third")),
        "alpha": _decibels(of("below")) - _decibels(of("above")),
        "hammarberg": _decibels(of("low_peak")) - _decibels(of("high_peak")),
        "slope_low": _slope(logarithm, spec, 0, 500),
        "slope_high": _slope(logarithm, spec, 500, 1500),
        "flux": of("flux"),
        "energy": _decibels(total),
        "loudness": loudness,
        "centroid": of("moment") / divisor,
        "rolloff": of("rolloff"),
    }
    return Descriptors(
        pitch,
        active,
        float(_decibels(mean)),
        {name: np.asarray(value, np.float32) for name, value in values.items()},
        np.log(mel + np.float32(1e-8)) @ banks.dct_basis(CEPSTRA, MELS).T,
        spec.hop_length / spec.sample_rate,
    )


def _decibels(power: Any) -> Any:
    return _DECIBELS * np.log(power + FLOOR)


def _slope(logarithm: Matrix, spec: FeatureSpec, low: float, high: float) -> Vector:
    """Slope of a straight line through part of the spectrum, in decibels per kilohertz."""
    inside = bins(spec, low, high)
    place = hertz_of_bins(spec)[inside] / 1000
    place = place - place.mean()
    slope: Vector = (logarithm[:, inside] @ place) / np.square(place).sum()
    return slope


def _harmonic(power: Matrix, pitch: Pitch, spec: FeatureSpec, number: int) -> Vector:
    """Level of a harmonic in decibels: the greatest of three bins around it."""
    # Frames without a pitch are read somewhere; nobody looks at what comes of it.
    hertz = np.where(pitch.voiced, 2.0 ** (pitch.semitones / 12), 200.0)
    place = np.round(number * hertz * spec.n_fft / spec.sample_rate).astype(np.intp)
    place = np.clip(place, 1, power.shape[1] - 2)[:, None]
    rows = np.arange(len(power))[:, None]
    level: Vector = _decibels(power[rows, place + _AROUND].max(axis=1))
    return level
