"""How far a recording is from A = 440 Hz, as `librosa.estimate_tuning` finds it, at the peaks only.

librosa interpolates every bin of a spectrogram and keeps the peaks; the same numbers come from
interpolating the peaks alone, an order of magnitude faster. librosa also transforms in double
precision, and its answer may hang on the last digit: of a peak at the border of two bins of a
histogram, or of all the "peaks" in a frame whose spectrum is flat. Those frames, and no others, are
transformed again as librosa does it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.arrays import Indices, Matrix

_LOWEST_HZ, _HIGHEST_HZ = 150.0, 4000.0
_BINS = 100
_EDGES = np.linspace(-0.5, 0.5, _BINS + 1)

# How far single precision may move a peak, in octaves (more than twice of what it was seen to), and
# how flat a peak may be, as a part of its height, before it may be no peak at all.
_SLACK = 2.5e-6
_FLAT = 1e-4


def estimate_tuning(
    power: Matrix,
    exact: Callable[[Indices], Matrix],
    sample_rate: int,
    n_fft: int,
    classes: int,
) -> float:
    """Estimates the tuning from the peaks of a spectrogram.

    The distances of the stronger half of the peaks from the nearest pitch class are counted in a
    hundred bins, and the fullest one wins.

    Args:
        power: Power spectrogram, shape (frames, n_fft // 2 + 1).
        exact: Gives the rows of some frames from a transform in double precision.
        sample_rate: Hertz.
        n_fft: Length of the transform.
        classes: Pitch classes per octave.

    Returns:
        Deviation in fractions of a pitch class, -0.5 to 0.5.
    """
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    inside = np.flatnonzero(
        (frequencies >= _LOWEST_HZ) & (frequencies < min(_HIGHEST_HZ, sample_rate / 2))
    )
    if not len(inside):
        return 0.0
    # A peak needs a neighbour on either side.
    low, high = max(int(inside[0]), 1), min(int(inside[-1]) + 1, power.shape[1] - 1)

    def vote(peaks: _Peaks) -> tuple[float, Indices]:
        # In librosa's order of operations.
        return _vote(peaks, peaks.column * float(sample_rate) / n_fft, classes)

    def renewed(old: _Peaks, frames: Indices) -> _Peaks:
        frames = np.unique(frames)
        new = _peaks(exact(frames), low, high)
        kept = ~np.isin(old.frame, frames)
        return _Peaks(
            np.concatenate([old.frame[kept], frames[new.frame]]),
            np.concatenate([old.column[kept], new.column]),
            np.concatenate([old.height[kept], new.height]),
            np.zeros(0, np.bool_),
        )

    peaks = _peaks(power, low, high)
    if peaks.flat.any():
        peaks = renewed(peaks, peaks.frame[peaks.flat])
    tuning, decisive = vote(peaks)
    if len(decisive):
        tuning, _ = vote(renewed(peaks, decisive))
    return tuning


@dataclass(frozen=True, slots=True)
class _Peaks:
    frame: Indices
    column: npt.NDArray[np.float64]  # with a fraction
    height: Matrix
    flat: npt.NDArray[np.bool_]


def _peaks(power: Matrix, low: int, high: int) -> _Peaks:
    """Finds the maxima over a tenth of their frame's, and fits a parabola to each."""
    floor = np.float32(0.1) * power.max(axis=1, keepdims=True)
    rises = power[:, low : high + 1] > power[:, low - 1 : high]
    # Up to here, and not further.
    summits = rises[:, :-1] > rises[:, 1:]
    summits &= power[:, low:high] > floor
    found = np.flatnonzero(summits)
    frame, column = np.divmod(found, high - low)
    column += low
    spectra = power.ravel()
    place = frame * power.shape[1] + column
    peak, before, after = spectra.take(place), spectra.take(place - 1), spectra.take(place + 1)
    curvature = after + before - 2 * peak
    slope = (after - before) / 2
    shift = np.zeros_like(peak)
    np.divide(-slope, curvature, out=shift, where=np.abs(slope) < np.abs(curvature))
    return _Peaks(
        frame,
        column + shift,
        peak + np.float32(0.5) * slope * shift,
        np.abs(curvature) < np.float32(_FLAT) * peak,
    )


def _vote(peaks: _Peaks, hertz: npt.NDArray[np.float64], classes: int) -> tuple[float, Indices]:
    """Gives the fullest bin's lower edge, and the frames whose rounding could make it another."""
    nobody = np.empty(0, np.intp)
    if not len(peaks.frame):
        return 0.0, nobody
    strong = peaks.height >= _median(peaks.height)
    pitch = hertz[strong].astype(np.float32)
    deviation = np.mod(classes * np.log2(pitch / np.float32(440.0 / 16)), 1.0)
    deviation[deviation >= 0.5] -= 1.0
    counts = np.bincount(np.searchsorted(_EDGES, deviation, "right") - 1, minlength=_BINS)
    winner = int(counts.argmax())
    # Peaks that may lie on either side of an edge; the first and the last edge are the same.
    position = (deviation + np.float32(0.5)) * np.float32(_BINS)
    edge = np.rint(position)
    close = np.abs(position - edge) < _SLACK * classes * _BINS
    if not close.any():
        return float(_EDGES[winner]), nobody
    loose = np.bincount(edge[close].astype(np.intp) % _BINS, minlength=_BINS)
    loose += np.roll(loose, -1)
    most = counts + loose
    # Of equals the first one wins.
    rivals = np.flatnonzero(most >= counts[winner] - loose[winner])
    rivals = rivals[(rivals < winner) | (most[rivals] > counts[winner] - loose[winner])]
    if not (rivals != winner).any():
        return float(_EDGES[winner]), nobody
    return float(_EDGES[winner]), peaks.frame[strong][close]


def _median(values: Matrix) -> np.float32:
    """Gives `numpy.median` without its preparations, which take longer than the work."""
    half = len(values) // 2
    if len(values) % 2:
        odd: np.float32 = np.partition(values, half)[half]
        return odd
    parts = np.partition(values, (half - 1, half))
    even: np.float32 = (parts[half - 1] + parts[half]) / np.float32(2)
    return even
