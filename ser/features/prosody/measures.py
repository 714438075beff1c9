"""What is measured of a frame by itself: each number depends on one spectrum, or on two neighbours.

These are what clips that overlap have in common. A factor in the samples scales `SCALED` by its
square and changes nothing else, so that a clip's own level can be taken out afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Vector
from ser.features import banks
from ser.features.prosody.pitch import CANDIDATES, CEILING_HZ, candidates
from ser.features.spec import FeatureSpec

MELS = 40
"""Mel bands for loudness and cepstra."""

TOP_HZ = 5000.0
"""Nothing above is looked at in decibels."""

FLOOR = np.float32(1e-10)
"""The least power, as a part of a clip's mean."""

_SLOPES_HZ = 1500.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column of `measure` holds what.

    Attributes:
        columns: By name. ``total`` power, ``below`` and ``above`` 1 kHz, greatest of a bin under 2
            kHz (``low_peak``), above (``high_peak``) and around the third formant (``third``), the
            sum of frequency times power (``moment``) and the autocorrelation at no lag
            (``energy``); 40 ``mel`` bands; the ``low`` bins, up to 1500 Hz and the second harmonic
            of the highest pitch; then what has no scale: ``rolloff`` in hertz, ``flux``, the height
            of the highest peak of the autocorrelation (``highest``), and of the candidates for the
            pitch ``score``, ``octaves`` and ``top`` (see `ser.features.prosody.pitch.candidates`).
        width: Number of columns.
        scaled: Those that grow with the power.
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
    """Measures frames.

    Args:
        power: Power spectra of frames that follow each other, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and transform are used.
        quick: Take the last digits as they come; see `ser.features.prosody.pitch.candidates`.

    Returns:
        Shape (frames, width), columns as `layout` says. The flux of the first frame is 0.
    """
    plan = layout(spec)
    found = np.empty((len(power), plan.width), np.float32)
    place = {name: found[:, columns] for name, columns in plan.columns.items()}
    sums = power @ _sums(spec)
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
    root, length = np.sqrt(power), np.sqrt(np.maximum(total, _TINY))
    alike = np.einsum("ij,ij->i", root[1:], root[:-1]) / (length[1:] * length[:-1])
    heard = (total > 0).astype(np.float32)
    place["flux"][:1] = 0
    place["flux"][1:, 0] = np.maximum(0, heard[1:] + heard[:-1] - 2 * alike)
    window = banks.hann(spec.win_length, spec.n_fft)
    pitch = candidates(power, spec.sample_rate, window, quick=quick)
    place["energy"][:, 0] = pitch.energy
    place["highest"][:, 0] = pitch.highest
    place["score"][:] = pitch.score
    place["octaves"][:] = pitch.octaves
    place["top"][:] = pitch.top
    return found


# Columns of `_sums` before those that rolloff is found by.
_SUMS = 4
# Bins whose sum is looked at first, to find how far most of the power goes.
_WIDTH = 32
_MOST = np.float32(0.85)


@lru_cache(maxsize=8)
def _sums(spec: FeatureSpec) -> Matrix:
    """Gives what sums are weighted by, all in one product, shape (n_fft // 2 + 1, any).

    The first are those of all bins, of those under and over 1 kHz, and of frequency times power;
    the others reach from the first bin to the end of each `_WIDTH` bins.
    """
    hertz = hertz_of_bins(spec)
    place = np.arange(len(hertz))
    ends = np.arange(_WIDTH, len(hertz) + _WIDTH, _WIDTH)
    weights = np.zeros((len(hertz), _SUMS + len(ends)), np.float32)
    weights[:, 0] = 1
    weights[bins(spec, 50, 1000), 1] = 1
    weights[bins(spec, 1000, TOP_HZ), 2] = 1
    weights[:, 3] = hertz
    weights[:, _SUMS:] = place[:, None] < ends
    return weights


def _rolloff(power: Matrix, reached: Matrix) -> npt.NDArray[np.intp]:
    """Finds the bin up to which a frame has `_MOST` of its power.

    Args:
        power: Shape (frames, bins).
        reached: The sums up to the end of each `_WIDTH` bins, shape (frames, any).
    """
    rows = np.arange(len(power))
    wanted = _MOST * reached[:, -1]
    part = (reached >= wanted[:, None]).argmax(axis=1)
    before = np.where(part > 0, reached[rows, part - 1], 0)
    places = np.minimum(part[:, None] * _WIDTH + np.arange(_WIDTH), power.shape[1] - 1)
    inside = before[:, None] + np.cumsum(power[rows[:, None], places], axis=1)
    # Rounding may leave the last a little short.
    inside[:, -1] = np.inf
    found: npt.NDArray[np.intp] = places[rows, (inside >= wanted[:, None]).argmax(axis=1)]
    return found


def measure_quickly(power: Matrix, spec: FeatureSpec) -> Matrix:
    """Measures frames where the last digits do not matter; see `measure`."""
    return measure(power, spec, quick=True)


# Of spectra at any level: nothing but silence lies under it.
_TINY = np.float32(1e-30)


def needs_own_scale(measures: Matrix, spec: FeatureSpec, mean: float) -> bool:
    """Says whether a clip has frames so soft that its own floor decides what they are.

    Frames of nothing but zeros are the same at any scale. Those over 90 dB under the mean, as in
    the tail of a fade, have to be measured in a clip by themselves.
    """
    total = measures[:, layout(spec).columns["total"]]
    return bool(((total > 0) & (total < 10 * FLOOR * np.float32(mean))).any())


@lru_cache(maxsize=8)
def _mel(spec: FeatureSpec) -> banks.Banded:
    wide = spec.with_changes(n_mels=MELS, n_mfcc=1, fmin=20.0, fmax=None)
    return banks.Banded(banks.mel_bank(wide))


@lru_cache(maxsize=8)
def hertz_of_bins(spec: FeatureSpec) -> Vector:
    """Gives the frequency of each bin, shape (n_fft // 2 + 1,)."""
    return np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate).astype(np.float32)


@lru_cache(maxsize=64)
def bins(spec: FeatureSpec, low: float, high: float) -> slice:
    """Gives the bins from one frequency to under another."""
    return slice(*np.searchsorted(hertz_of_bins(spec), (low, high)).tolist())
