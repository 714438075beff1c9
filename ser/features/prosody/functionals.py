"""Functionals: statistics of the descriptors over a clip, a vector of fixed length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ser.arrays import Mask, Matrix, Vector
from ser.features.prosody import contours
from ser.features.prosody.descriptors import (
    CEPSTRA,
    SPECTRAL,
    VOICED,
    Descriptors,
    describe,
    describe_measured,
)
from ser.features.spec import FeatureSpec

# Statistics of a descriptor over the frames in which it is defined.
_MOMENTS = ("mean", "deviation", "p20", "median", "p80", "range", "trend")
EVERYWHERE = ("energy", "loudness", "centroid", "rolloff", "alpha", "hammarberg", "flux")
UNVOICED = ("alpha", "hammarberg", "slope_low", "slope_high", "energy")
_RHYTHM = ("voiced_rate", "voiced_mean", "voiced_deviation", "voiced_share", "span", "fullness")


def compute(power: Matrix, spec: FeatureSpec, *, quick: bool = False) -> Vector:
    """Computes the functionals of a clip.

    Args:
        power: Power spectrogram, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and hop are used.
        quick: Use faster operations, which round differently; see
            `ser.features.prosody.descriptors.describe`.

    Returns:
        Shape (n,), in the order of `names`. The first is the clip's level in decibels; the others
        do not change when the clip is amplified.
    """
    return _functionals(describe(power, spec, quick=quick), spec)


def compute_measured(measures: Matrix, spec: FeatureSpec) -> Vector | None:
    """Computes the functionals of a clip from measures of its frames.

    Args:
        measures: What `ser.features.prosody.measures.measure` gave for its frames.
        spec: The specification.

    Returns:
        What `compute` gives but for rounding; None if the clip has to be measured by itself.
    """
    found = describe_measured(measures, spec)
    return None if found is None else _functionals(found, spec)


def names(spec: FeatureSpec) -> tuple[str, ...]:
    """Gives the names of the prosodic functionals of a specification."""
    if spec.prosody == "none":
        return ()
    return (*NAMES, *contours.NAMES) if spec.prosody == "contours" else NAMES


def _functionals(found: Descriptors, spec: FeatureSpec) -> Vector:
    statistics = _statistics(found)
    if spec.prosody != "contours":
        return statistics
    return np.concatenate([statistics, contours.describe_contours(found)])


def _statistics(found: Descriptors) -> Vector:
    values, active = found.values, found.active
    voiced = found.pitch.voiced if found.pitch.voiced.sum() >= 5 else active
    breath = active & ~found.pitch.voiced
    both = found.pitch.voiced[1:] & found.pitch.voiced[:-1]
    lower = np.ascontiguousarray(found.cepstra[:, 1:CEPSTRA].T)
    smooth = _moving_average(values["loudness"], 3)
    moving = active[1:]
    parts: list[Any] = [
        [found.level],
        _moments(np.stack([values[name] for name in (*VOICED, *SPECTRAL)])[:, voiced]),
        _moments(np.stack([values[name] for name in EVERYWHERE])[:, active]),
        [values[name][breath].mean() if breath.any() else 0.0 for name in UNVOICED],
        _mean_and_deviation(lower[:, active]),
        _mean_and_deviation(lower[:4, voiced]),
        _slopes(_differences(smooth), found.seconds),
        _slopes(_differences(values["pitch"])[both], found.seconds),
        _perturbation(values, both),
        _rhythm(found, smooth),
        _mean(np.abs(_differences(lower)[:, moving])),
        _mean_and_deviation(np.abs(_differences(values["energy"])[moving])[None]),
    ]
    return np.concatenate([np.asarray(part, np.float32).ravel() for part in parts])


def _names() -> tuple[str, ...]:
    names = ["level"]
    names += [f"voiced_{d}_{m}" for d in (*VOICED, *SPECTRAL) for m in _MOMENTS]
    names += [f"{d}_{m}" for d in EVERYWHERE for m in _MOMENTS]
    names += [f"unvoiced_{d}_mean" for d in UNVOICED]
    for prefix, count in (("", CEPSTRA - 1), ("voiced_", 4)):
        names += [f"{prefix}cepstrum{k}_{m}" for m in _MOMENTS[:2] for k in range(1, count + 1)]
    for d in ("loudness", "pitch"):
        names += [f"{d}_{way}_{m}" for way in ("rise", "fall") for m in _MOMENTS[:2]]
    names += ["pitch_jitter_mean", "pitch_jitter_p80", "energy_shimmer_mean"]
    names += [*_RHYTHM, "syllable_rate"]
    names += [f"cepstrum{k}_change" for k in range(1, CEPSTRA)]
    names += [f"energy_change_{m}" for m in _MOMENTS[:2]]
    return tuple(names)


NAMES = _names()
"""The names of the statistics, with which every kind of functionals begins."""


def _moments(rows: Matrix) -> Matrix:
    """Computes `_MOMENTS` of each row: (descriptors, frames) to (descriptors, 7)."""
    count = rows.shape[1]
    if count < 2:
        return np.zeros((len(rows), len(_MOMENTS)), np.float32)
    low, middle, high = _percentiles(rows, (20, 50, 80))
    time, squares = _ramp(count)
    trend = rows @ time / squares
    return np.stack(
        [*_mean_and_deviation(rows).reshape(2, -1), low, middle, high, high - low, trend], axis=1
    )


@lru_cache(maxsize=1024)
def _ramp(count: int) -> tuple[Vector, np.float32]:
    """Gives equally spaced numbers from -1 to 1, and the sum of their squares."""
    time = np.linspace(-1, 1, count, dtype=np.float32)
    return time, np.square(time).sum()


def _percentiles(rows: Matrix, percents: Sequence[int]) -> list[Vector]:
    """Computes percentiles along the last axis, as `numpy.percentile` but without its checks."""
    ordered = np.sort(rows, axis=-1)
    places = [(rows.shape[-1] - 1) * percent / 100 for percent in percents]
    return [
        ordered[..., math.floor(place)] * np.float32(1 - place % 1)
        + ordered[..., math.ceil(place)] * np.float32(place % 1)
        for place in places
    ]


def _differences(values: Any) -> Any:
    """Computes differences along the last axis, as `numpy.diff` but without its checks."""
    return values[..., 1:] - values[..., :-1]


def _mean(rows: Matrix) -> Vector:
    """Computes the mean of each row; 0 for empty rows."""
    mean: Vector = np.add.reduce(rows, axis=1) / np.float32(max(rows.shape[1], 1))
    return mean


def _mean_and_deviation(rows: Matrix) -> Vector:
    """Computes the means of rows and then their deviations, three times as fast as NumPy's own."""
    mean = _mean(rows)
    rest = rows - mean[:, None]
    square = np.einsum("ij,ij->i", rest, rest) / np.float32(max(rows.shape[1], 1))
    return np.concatenate([mean, np.sqrt(square)])


def _slopes(steps: Vector, seconds: float) -> list[float]:
    """Computes mean and deviation of the rising slopes and of the falling ones, per second."""
    change = steps / seconds
    found: list[float] = []
    for part in (change[change > 0], change[change < 0]):
        found += _mean_and_deviation(part[None]).tolist()
    return found


def _perturbation(values: dict[str, Vector], both: Mask) -> list[float]:
    """Computes how much pitch and level change between voiced frames (jitter and shimmer)."""
    if not both.any():
        return [0.0, 0.0, 0.0]
    pitch = np.abs(_differences(values["pitch"])[both])
    energy = np.abs(_differences(values["energy"])[both])
    means = _mean(np.stack([pitch, energy])).tolist()
    return [means[0], float(_percentiles(pitch, (80,))[0]), means[1]]


def _rhythm(found: Descriptors, smooth: Vector) -> list[float]:
    """Computes `_RHYTHM` and the rate of syllables."""
    voiced, active = found.pitch.voiced, found.active
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8), prepend=0, append=0))
    lengths = (edges[1::2] - edges[::2] if len(edges) else np.zeros(1)) * found.seconds
    places = np.flatnonzero(active)
    first, last = int(places[0]), int(places[-1]) + 1
    span = (last - first) * found.seconds
    # Peaks of loudness stand for syllables.
    peaks = (smooth[1:-1] > smooth[:-2]) & (smooth[1:-1] >= smooth[2:]) & active[1:-1]
    return [
        np.count_nonzero(lengths) / span,
        float(lengths.mean()),
        float(lengths.std()),
        float(voiced.mean()),
        span,
        float(active[first:last].mean()),
        float(peaks.sum()) / span,
    ]


def _moving_average(values: Vector, width: int) -> Vector:
    """Smooths values by a moving average; as many as there were."""
    kernel = np.full(width, 1 / width, np.float32)
    # NumPy's "same" is as long as the kernel where that is longer.
    whole = np.convolve(values, kernel)
    smooth: Vector = whole[width // 2 :][: len(values)].astype(np.float32)
    return smooth
