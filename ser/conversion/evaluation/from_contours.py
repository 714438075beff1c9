"""Measures of a clip from its contours, for evaluation on a feature table without audio.

A modification can be applied to contours as well as to a waveform. Artifacts of synthesis are not
in the result, and fewer functionals are: these measures are comparable with each other, and not
with those of audio (``benchmarks/conversion/measures.py``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles, Mask, Matrix, Vector
from ser.conversion.contours import HOP, SPEC, Contours, interpolate_rows
from ser.conversion.evaluation.measures import ClipMeasures, spectral_statistics
from ser.conversion.modification import Modification
from ser.features import banks

_DB_PER_NEPER = 10 / np.log(10)
# Frames farther below the loudest one, in decibels, are pauses.
_PAUSE_DB = 35.0
# The level in decibels that envelopes are normalized to.
_LEVEL_DB = -20.0
# Voiced frames needed for statistics of voiced speech.
_MIN_VOICED = 5


def apply_modification(contours: Contours, change: Modification) -> Contours:
    """Applies a modification to contours.

    Args:
        contours: A phrase.
        change: A value for each of its frames.

    Returns:
        As many frames as the stretched phrase has.
    """
    if change.is_identity:
        return contours
    ends = np.cumsum(change.stretch.astype(np.float64))
    centers = ends - change.stretch / 2
    frames = max(1, round(float(ends[-1])))
    # The fractional source frame of each new frame.
    places = np.interp(np.arange(frames) + 0.5, centers, np.arange(len(contours)))
    nearest = np.round(places).astype(np.intp)
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)
    pitch = (contours.pitch + change.pitch)[:, None]
    return Contours(
        cepstrum=interpolate_rows(contours.cepstrum + change.gain @ basis.T, places),
        pitch=interpolate_rows(pitch, places)[:, 0],
        voiced=contours.voiced[nearest],
        logmel=interpolate_rows(contours.logmel + change.gain / np.float32(_DB_PER_NEPER), places),
    )


def measure_contours(contours: Contours) -> ClipMeasures:
    """Measures a clip by its contours.

    Returns:
        All measures; `ClipMeasures.prosody` has 57 values, the first being the level.
    """
    level = _DB_PER_NEPER * np.log(np.exp(contours.logmel.astype(np.float64)).sum(axis=1))
    active = level > level.max() - _PAUSE_DB
    mean = 10 * np.log10((10 ** (level[active] / 10)).mean())
    # Relative to the level, so that the floor of a feature does not depend on it.
    shape = contours.logmel - np.float32(mean / _DB_PER_NEPER)
    cepstra, bands = spectral_statistics(shape)
    envelope = contours.cepstrum.copy()
    envelope[:, 0] += np.float32((_LEVEL_DB - mean) * np.sqrt(SPEC.n_mels))
    return ClipMeasures(
        prosody=_prosody(contours, level - mean, active, float(mean)),
        cepstra=cepstra,
        bands=bands,
        envelope=envelope,
        pitch=contours.pitch,
        voiced=contours.voiced,
    )


def _prosody(contours: Contours, level: Doubles, active: Mask, mean: float) -> Vector:
    """Computes statistics of level, F0, spectral balance and rhythm, shape (57,)."""
    voiced = contours.voiced if contours.voiced.sum() >= _MIN_VOICED else active
    both = contours.voiced[1:] & contours.voiced[:-1]
    bands = contours.bands
    low, high = (_power(bands[:, part]) for part in (slice(0, 28), slice(28, 64)))
    edges = np.flatnonzero(np.diff(contours.voiced.astype(np.int8), prepend=0, append=0))
    lengths = (edges[1::2] - edges[::2]) * HOP if len(edges) else np.zeros(1)
    seconds = len(contours) * HOP
    return np.array(
        [
            mean,
            *_statistics(contours.pitch[voiced]),
            *_statistics(level[active]),
            *_statistics((low - high)[voiced]),
            *_statistics(contours.cepstrum[voiced, 1]),
            *_statistics(contours.cepstrum[voiced, 2]),
            *_statistics(contours.cepstrum[voiced, 3]),
            *_mean_deltas(np.diff(contours.pitch)[both]),
            *_mean_deltas(np.diff(level)[active[1:]]),
            *_mean_deltas(np.diff(low - high)[both]),
            seconds,
            np.count_nonzero(lengths) / seconds,
            lengths.mean(),
            lengths.std(),
            contours.voiced.mean(),
            active.mean(),
        ],
        np.float32,
    )


def _power(bands: Matrix) -> Doubles:
    total: Doubles = 10 * np.log10((10.0 ** (bands / 10)).sum(axis=1))
    return total


def _statistics(values: npt.NDArray[np.floating]) -> list[float]:
    """Computes mean, deviation, three percentiles, the range between the outer ones, and slope."""
    low, middle, high = np.percentile(values, [20, 50, 80])
    time = np.linspace(-1, 1, len(values))
    slope = values @ time / max(float(time @ time), 1e-9)
    return [values.mean(), values.std(), low, middle, high, high - low, slope]


def _mean_deltas(deltas: npt.NDArray[np.floating]) -> list[float]:
    """Computes the mean magnitude of rises and of falls."""
    return [
        float(np.abs(part).mean()) if len(part) else 0.0
        for part in (deltas[deltas > 0], deltas[deltas < 0])
    ]
