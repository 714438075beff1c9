"""The same numbers from contours alone, where there is a table and no audio.

What a translator asks for can be done to contours as well as to a waveform. Whatever a renderer
makes worse is not in it, and what is heard is less: these numbers stand beside each other, and not
beside those of `ser.conversion.evaluation.measures.measure_samples`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC, Contours
from ser.conversion.evaluation.measures import HOP, ClipMeasures, spectral_statistics
from ser.conversion.modification import Modification
from ser.features import banks

_DECIBELS = 10 / np.log(10)
# Frames that lie more decibels under the loudest are a pause.
_PAUSE = 35.0
_LEVEL = -20.0


def apply_modification(contours: Contours, change: Modification) -> Contours:
    """Does to contours what is asked for.

    Args:
        contours: A phrase.
        change: A value for each of its frames.

    Returns:
        As many frames as the stretched phrase has.
    """
    if change.is_identity:
        return contours
    ends = np.cumsum(change.stretch.astype(np.float64))
    middles = ends - change.stretch / 2
    frames = max(1, round(float(ends[-1])))
    # Where in the source each new frame is.
    places = np.interp(np.arange(frames) + 0.5, middles, np.arange(len(contours)))
    nearest = np.round(places).astype(np.intp)
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)
    return Contours(
        cepstrum=_read(contours.cepstrum + change.gain @ basis.T, places),
        pitch=_read((contours.pitch + change.pitch)[:, None], places)[:, 0],
        voiced=contours.voiced[nearest],
        logmel=_read(contours.logmel + change.gain / np.float32(_DECIBELS), places),
    )


def measure_contours(contours: Contours) -> ClipMeasures:
    """Measures contours as `ser.conversion.evaluation.measures.measure_samples` measures samples.

    Returns:
        The same, but for `ClipMeasures.prosody`, which has fewer numbers, the first being the level too.
    """
    level = _DECIBELS * np.log(np.exp(contours.logmel.astype(np.float64)).sum(axis=1))
    active = level > level.max() - _PAUSE
    mean = 10 * np.log10((10 ** (level[active] / 10)).mean())
    # What lies under a feature's floor must not say how loud a clip is.
    shape = contours.logmel - np.float32(mean / _DECIBELS)
    cepstra, bands = spectral_statistics(shape)
    envelope = contours.cepstrum.copy()
    envelope[:, 0] += np.float32((_LEVEL - mean) * np.sqrt(SPEC.n_mels))
    return ClipMeasures(
        prosody=_prosody(contours, level - mean, active, float(mean)),
        cepstra=cepstra,
        bands=bands,
        envelope=envelope,
        pitch=contours.pitch,
        voiced=contours.voiced,
    )


def _read(rows: Matrix, places: npt.NDArray[np.float64]) -> Matrix:
    """Reads rows at fractional places, (frames, n) to (places, n)."""
    below = np.minimum(places.astype(np.intp), len(rows) - 1)
    above = np.minimum(below + 1, len(rows) - 1)
    part = (places - below)[:, None]
    between: Matrix = (rows[below] * (1 - part) + rows[above] * part).astype(np.float32)
    return between


def _prosody(
    contours: Contours,
    level: npt.NDArray[np.float64],
    active: npt.NDArray[np.bool_],
    mean: float,
) -> Vector:
    """Statistics of level, pitch, spectral balance and rhythm, shape (57,)."""
    voiced = contours.voiced if contours.voiced.sum() >= 5 else active
    both = contours.voiced[1:] & contours.voiced[:-1]
    bands = contours.bands
    low, high = (_power(bands[:, part]) for part in (slice(0, 28), slice(28, 64)))
    edges = np.flatnonzero(np.diff(contours.voiced.astype(np.int8), prepend=0, append=0))
    lengths = (edges[1::2] - edges[::2]) * HOP if len(edges) else np.zeros(1)
    seconds = len(contours) * HOP
    return np.array(
        [
            mean,
            *_moments(contours.pitch[voiced]),
            *_moments(level[active]),
            *_moments((low - high)[voiced]),
            *_moments(contours.cepstrum[voiced, 1]),
            *_moments(contours.cepstrum[voiced, 2]),
            *_moments(contours.cepstrum[voiced, 3]),
            *_steps(np.diff(contours.pitch)[both]),
            *_steps(np.diff(level)[active[1:]]),
            *_steps(np.diff(low - high)[both]),
            seconds,
            np.count_nonzero(lengths) / seconds,
            lengths.mean(),
            lengths.std(),
            contours.voiced.mean(),
            active.mean(),
        ],
        np.float32,
    )


def _power(bands: Matrix) -> npt.NDArray[np.float64]:
    total: npt.NDArray[np.float64] = 10 * np.log10((10.0 ** (bands / 10)).sum(axis=1))
    return total


def _moments(values: npt.NDArray[np.floating]) -> list[float]:
    """Mean, deviation, three percentiles, the range between the outer ones, and the trend."""
    low, middle, high = np.percentile(values, [20, 50, 80])
    time = np.linspace(-1, 1, len(values))
    trend = values @ time / max(float(time @ time), 1e-9)
    return [values.mean(), values.std(), low, middle, high, high - low, trend]


def _steps(steps: npt.NDArray[np.floating]) -> list[float]:
    """Mean size of what rises and of what falls."""
    return [
        float(np.abs(part).mean()) if len(part) else 0.0
        for part in (steps[steps > 0], steps[steps < 0])
    ]
