"""Low-level descriptors of each frame: pitch, level, spectral balance, voice quality.

The choice follows the Geneva minimalistic acoustic parameter set (Eyben et al., "The Geneva
Minimalistic Acoustic Parameter Set (GeMAPS) for voice research and affective computing", IEEE
Transactions on Affective Computing, 2016) as far as it can be computed from a spectrogram; cepstra
stand in for formants. Written from the paper, without code of openSMILE.
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
from ser.features.prosody.pitch import PitchCandidates, PitchContour, track_candidates
from ser.features.spec import FeatureSpec

SPECTRAL = ("alpha", "hammarberg", "slope_low", "slope_high", "flux")
"""Descriptors of the spectral balance, defined in every frame."""

VOICED = ("pitch", "hnr", "h1_h2", "h1_a3")
"""Descriptors that are defined in voiced frames only."""

CEPSTRA = 14
"""Number of cepstral coefficients; the first is the level."""

# NumPy's natural logarithm in single precision is fast, and that to the base of ten slow.
_DECIBELS = np.float32(10 / np.log(10))
# Frames more than so many decibels under the loudest are pauses.
ACTIVE_DB = 35.0
_NEIGHBORS = np.arange(-1, 2)


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of a clip.

    Attributes:
        pitch: The pitch contour.
        active: Which frames are no pause, shape (frames,).
        level: The active frames' mean power in decibels.
        values: Descriptors by name, each of shape (frames,): those of `SPECTRAL` and `VOICED`,
            ``energy`` in decibels and ``loudness`` relative to the clip's level, ``centroid`` and
            ``rolloff`` in hertz.
        cepstra: Shape (frames, `CEPSTRA`).
        seconds: From one frame to the next.
    """

    pitch: PitchContour
    active: Mask
    level: float
    values: dict[str, Vector]
    cepstra: Matrix
    seconds: float


def describe(power: Matrix, spec: FeatureSpec, *, quick: bool = False) -> Descriptors:
    """Computes the descriptors of a clip.

    A constant factor in the samples changes `Descriptors.level` and nothing else.

    Args:
        power: Power spectrogram, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and hop are used.
        quick: Use faster operations, which round differently; of two contours of the pitch that are
            equally good they may give the other.
    """
    active, mean = _active_frames(power.sum(axis=1))
    own = power / np.maximum(mean, FLOOR)
    return _from_measures(measure(own, spec, quick=quick), active, mean, spec)


def describe_measured(measures: Matrix, spec: FeatureSpec) -> Descriptors | None:
    """Computes the descriptors of a clip from measures of its frames.

    Args:
        measures: What `ser.features.prosody.measures.measure` gave for its frames, perhaps together
            with those of other clips; the flux of the first is not used.
        spec: The specification.

    Returns:
        What `describe` gives but for rounding; None if the clip has to be measured by itself, see
        `ser.features.prosody.measures.needs_own_scale`.
    """
    plan = layout(spec)
    active, mean = _active_frames(measures[:, plan.columns["total"]][:, 0])
    if needs_own_scale(measures, spec, float(mean)):
        return None
    own = measures.copy()
    own[:, plan.scaled] *= 1 / np.maximum(mean, FLOOR)
    own[:1, plan.columns["flux"]] = 0
    return _from_measures(own, active, mean, spec)


def _active_frames(total: Vector) -> tuple[Mask, np.float32]:
    """Finds the frames that are no pause, and their mean power."""
    decibels = _decibels(total)
    active = decibels > decibels.max() - ACTIVE_DB
    mean: np.float32 = total[active].mean()
    return active, mean


def _from_measures(
    measures: Matrix, active: Mask, mean: np.float32, spec: FeatureSpec
) -> Descriptors:
    """Computes descriptors from measures that are relative to the clip's mean power."""
    columns = layout(spec).columns

    def of(name: str) -> Vector:
        return measures[:, columns[name]][:, 0]

    total, mel, low = of("total"), measures[:, columns["mel"]], measures[:, columns["low"]]
    divisor = np.maximum(total, FLOOR)
    pitch = track_candidates(
        PitchCandidates(
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
        # The power of 0.3, computed faster; zero stays zero.
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
    """Fits a straight line to part of the spectrum; gives its slope in decibels per kilohertz."""
    inside = bins(spec, low, high)
    place = hertz_of_bins(spec)[inside] / 1000
    place = place - place.mean()
    slope: Vector = (logarithm[:, inside] @ place) / np.square(place).sum()
    return slope


def _harmonic(power: Matrix, pitch: PitchContour, spec: FeatureSpec, number: int) -> Vector:
    """Gives the level of a harmonic in decibels: that of the greatest of three bins around it."""
    # Unvoiced frames get some frequency; their values are not used.
    hertz = np.where(pitch.voiced, 2.0 ** (pitch.semitones / 12), 200.0)
    place = np.round(number * hertz * spec.n_fft / spec.sample_rate).astype(np.intp)
    place = np.clip(place, 1, power.shape[1] - 2)[:, None]
    rows = np.arange(len(power))[:, None]
    level: Vector = _decibels(power[rows, place + _NEIGHBORS].max(axis=1))
    return level
