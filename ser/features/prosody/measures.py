"""Measures of single frames: each number depends on one spectrum, or on two neighboring ones.

Overlapping clips share the measures of the frames that they share. A factor in the samples scales
the columns `Layout.scaled` by its square and changes nothing else, so that a clip's own level can
be removed afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Vector
from ser.features import banks
from ser.features.prosody.pitch import CANDIDATES, CEILING_HZ, pitch_candidates
from ser.features.spec import FeatureSpec

MELS = 40
"""Mel bands for loudness and cepstra."""

TOP_HZ = 5000.0
"""The highest frequency of the measures of spectral balance, in hertz."""

FLOOR = np.float32(1e-10)
"""The least power, relative to a clip's mean."""

_SLOPES_HZ = 1500.0


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that `measure` gives.

    Attributes:
        columns: The columns by name. ``total`` power, ``below`` and ``above`` 1 kHz; the greatest
            power of a bin under 2 kHz (``low_peak``), above (``high_peak``) and around the third
            formant (``third``); the sum of frequency times power (``moment``) and the
            autocorrelation at lag 0 (``energy``); 40 ``mel`` bands; the ``low`` bins, up to 1500 Hz
            and the second harmonic of the highest pitch. Then what does not depend on the level:
            ``rolloff`` in hertz, ``flux``, the height of the highest peak of the autocorrelation
            (``highest``), and ``score``, ``octaves`` and ``top`` of the candidates for the pitch
            (see `ser.features.prosody.pitch.PitchCandidates`).
        width: Number of columns.
        scaled: The columns that are proportional to the power.
    """

    columns: dict[str, slice]
    width: int
    scaled: slice


@lru_cache(maxsize=8)
def layout(spec: FeatureSpec) -> Layout:
    """Gives the columns for a specification."""
    hertz = hertz_of_bins(spec)
    harmonic = round(2.2 * CEILING_HZ * spec.n_fft / spec.sample_rate) + 2
    low = min(max(bins(spec, 0, _SLOPES_HZ).stop, harmonic), len(hertz))
    scaled = ("total", "below", "above", "low_peak", "high_peak", "third", "moment", "energy")
    sizes = {
        **dict.fromkeys(scaled, 1),
        "mel": MELS,
        "low": low,
        **dict.fromkeys(("rolloff", "flux", "highest"), 1),
        **dict.fromkeys(("score", "octaves", "top"), CANDIDATES),
    }
    columns, start = {}, 0
    for name, size in sizes.items():
        columns[name] = slice(start, start + size)
        start += size
    return Layout(columns, start, slice(0, columns["low"].stop))


def measure(power: Matrix, spec: FeatureSpec, *, quick: bool = False) -> Matrix:
    """Measures consecutive frames.

    Args:
        power: Power spectra of consecutive frames, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and transform are used.
        quick: Use faster operations, which round differently; see
            `ser.features.prosody.pitch.pitch_candidates`.

    Returns:
        Shape (frames, width), columns as `layout` says. The flux of the first frame is 0.
    """
    plan = layout(spec)
    found = np.empty((len(power), plan.width), np.float32)
    place = {name: found[:, columns] for name, columns in plan.columns.items()}
    sums = power @ sum_weights(spec)
    total = sums[:, 0]
    place["total"][:, 0] = total
    place["below"][:, 0] = sums[:, 1]
    place["above"][:, 0] = sums[:, 2]
    place["moment"][:, 0] = sums[:, 3]
    place["rolloff"][:, 0] = hertz_of_bins(spec)[_rolloff(power, sums[:, _SUMS:])]
    place["low_peak"][:, 0] = power[:, bins(spec, 0, 2000)].max(axis=1)
    place["high_peak"][:, 0] = power[:, bins(spec, 2000, TOP_HZ)].max(axis=1)
    place["third"][:, 0] = power[:, bins(spec, 2001, 3500)].max(axis=1)
    place["mel"][:] = _mel(spec)(power)
    low = place["low"]
    low[:] = power[:, : low.shape[1]]
    # The square of the difference between roots of spectra that have the sum 1.
    root, length = np.sqrt(power), np.sqrt(np.maximum(total, TINY))
    similarity = np.einsum("ij,ij->i", root[1:], root[:-1]) / (length[1:] * length[:-1])
    nonzero = (total > 0).astype(np.float32)
    place["flux"][:1] = 0
    place["flux"][1:, 0] = np.maximum(0, nonzero[1:] + nonzero[:-1] - 2 * similarity)
    window = banks.hann(spec.win_length, spec.n_fft)
    pitch = pitch_candidates(power, spec.sample_rate, window, quick=quick)
    place["energy"][:, 0] = pitch.energy
    place["highest"][:, 0] = pitch.highest
    place["score"][:] = pitch.score
    place["octaves"][:] = pitch.octaves
    place["top"][:] = pitch.top
    return found


# Columns of `sum_weights` before those for the rolloff.
_SUMS = 4
# The rolloff is searched among the sums of so many bins first, and then bin by bin.
_BLOCK_BINS = 32
ROLLOFF_SHARE = np.float32(0.85)


@lru_cache(maxsize=8)
def sum_weights(spec: FeatureSpec) -> Matrix:
    """Gives the weights of all sums over bins, for one product, shape (n_fft // 2 + 1, any).

    The first sums are those of all bins, of those under and over 1 kHz, and of frequency times
    power; the others go from the first bin to the end of each `_BLOCK_BINS` bins.
    """
    hertz = hertz_of_bins(spec)
    place = np.arange(len(hertz))
    ends = np.arange(_BLOCK_BINS, len(hertz) + _BLOCK_BINS, _BLOCK_BINS)
    weights = np.zeros((len(hertz), _SUMS + len(ends)), np.float32)
    weights[:, 0] = 1
    weights[bins(spec, 50, 1000), 1] = 1
    weights[bins(spec, 1000, TOP_HZ), 2] = 1
    weights[:, 3] = hertz
    weights[:, _SUMS:] = place[:, None] < ends
    return weights


def _rolloff(power: Matrix, cumulative: Matrix) -> npt.NDArray[np.intp]:
    """Finds the bin below which a frame has `ROLLOFF_SHARE` of its power.

    Args:
        power: Shape (frames, bins).
        cumulative: The sums up to the end of each `_BLOCK_BINS` bins, shape (frames, any).
    """
    rows = np.arange(len(power))
    wanted = ROLLOFF_SHARE * cumulative[:, -1]
    part = (cumulative >= wanted[:, None]).argmax(axis=1)
    before = np.where(part > 0, cumulative[rows, part - 1], 0)
    places = np.minimum(part[:, None] * _BLOCK_BINS + np.arange(_BLOCK_BINS), power.shape[1] - 1)
    inside = before[:, None] + np.cumsum(power[rows[:, None], places], axis=1)
    # Rounding may leave the last sum a little short.
    inside[:, -1] = np.inf
    found: npt.NDArray[np.intp] = places[rows, (inside >= wanted[:, None]).argmax(axis=1)]
    return found


def measure_quickly(power: Matrix, spec: FeatureSpec) -> Matrix:
    """Measures frames with faster operations, which round differently; see `measure`."""
    return measure(power, spec, quick=True)


# Less power than any sound has, at whatever level.
TINY = np.float32(1e-30)


def needs_own_scale(measures: Matrix, spec: FeatureSpec, mean: float) -> bool:
    """Tells whether a clip has frames so soft that `FLOOR` matters, and must be measured by itself.

    Frames of zeros are the same at any scale. Those more than 90 dB under the mean, as at the end
    of a fade, depend on the clip's own scale.
    """
    total = measures[:, layout(spec).columns["total"]]
    return bool(((total > 0) & (total < 10 * FLOOR * np.float32(mean))).any())


def mel_bank(spec: FeatureSpec) -> Matrix:
    """Gives the bank of the `MELS` bands for loudness and cepstra, (MELS, n_fft // 2 + 1)."""
    return banks.mel_bank(spec.with_changes(n_mels=MELS, n_mfcc=1, fmin=20.0, fmax=None))


@lru_cache(maxsize=8)
def _mel(spec: FeatureSpec) -> banks.Banded:
    return banks.Banded(mel_bank(spec))


@lru_cache(maxsize=8)
def hertz_of_bins(spec: FeatureSpec) -> Vector:
    """Gives the frequency of each bin, shape (n_fft // 2 + 1,)."""
    return np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate).astype(np.float32)


@lru_cache(maxsize=64)
def bins(spec: FeatureSpec, low: float, high: float) -> slice:
    """Gives the bins from one frequency to under another."""
    return slice(*np.searchsorted(hertz_of_bins(spec), (low, high)).tolist())
