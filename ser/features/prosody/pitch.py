"""The fundamental frequency, frame by frame, from a power spectrogram.

Method: Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993: the autocorrelation of each
windowed frame, divided by that of the window, has its peaks at the periods; the path of least
cost through the best of them (Viterbi) is the pitch contour. Written in NumPy, on the spectra that
the other features use too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Vector

FLOOR_HZ, CEILING_HZ = 60.0, 600.0
"""The range of the pitch in hertz: from a low male voice to a child's shout."""

# Boersma's values, fitted to frames of 16 ms: how strong a voiced frame's peak must be, what a
# change between voiced and unvoiced costs, what a jump of an octave costs, and how much a peak is
# preferred to the one an octave below.
VOICING = 0.45
CHANGE = 0.14
JUMP = 0.35
OCTAVE = 0.02
# Amplitude relative to the loudest frame's, below which a frame is silent.
SILENCE = 0.03
CANDIDATES = 5
"""Candidates per frame."""

# Frames transformed at a time, so that they fit into a processor's cache.
_CHUNK = 32


@dataclass(frozen=True, slots=True)
class PitchContour:
    """A pitch contour.

    Attributes:
        semitones: Over 1 Hz, that is 12 times log2 of the frequency in hertz; 0 where unvoiced;
            shape (frames,).
        voiced: Which frames have a pitch, shape (frames,).
        strength: Height of the autocorrelation's peak, over 0 and under 1, shape (frames,).
    """

    semitones: Vector
    voiced: npt.NDArray[np.bool_]
    strength: Vector


@dataclass(frozen=True, slots=True)
class PitchCandidates:
    """The candidates for the pitch of each frame: the `CANDIDATES` best peaks.

    Attributes:
        score: The score of each candidate, shape (frames, CANDIDATES).
        octaves: log2 of its frequency in hertz, likewise.
        top: The height of its peak, likewise.
        highest: The greatest autocorrelation, peak or not, shape (frames,).
        energy: The autocorrelation at lag 0, shape (frames,); it alone depends on the level.
    """

    score: Matrix
    octaves: Matrix
    top: Matrix
    highest: Vector
    energy: Vector


def track_pitch(power: Matrix, sample_rate: int, window: Vector) -> PitchContour:
    """Tracks the pitch of one voice.

    Args:
        power: Power spectrogram of the windowed frames, shape (frames, n_fft // 2 + 1).
        sample_rate: Hertz.
        window: The window, shape (n_fft,); at least 2.4 periods of `FLOOR_HZ` long.

    Returns:
        The contour, with one value per frame.
    """
    return track_candidates(pitch_candidates(power, sample_rate, window))


def pitch_candidates(
    power: Matrix, sample_rate: int, window: Vector, *, quick: bool = False
) -> PitchCandidates:
    """Finds the candidates for the pitch of each frame; see `track_pitch`.

    Args:
        power: Power spectrogram of the windowed frames, shape (frames, n_fft // 2 + 1).
        sample_rate: Hertz.
        window: The window, shape (n_fft,).
        quick: Use faster operations, which round differently.
    """
    shortest, longest = int(sample_rate / CEILING_HZ), int(np.ceil(sample_rate / FLOOR_HZ))
    own = window_autocorrelation(window.tobytes(), longest)
    correlation = (_fast_autocorrelation if quick else _autocorrelation)(power, longest + 2)
    energy = correlation[:, 0].copy()
    around = correlation[:, shortest - 1 : longest + 1]
    around *= 1 / own[shortest - 1 : longest + 1]
    around *= (1 / np.maximum(energy, np.float32(1e-12)))[:, None]
    middle = around[:, 1:-1]
    rises = around[:, 1:] > around[:, :-1]
    # A peak rises up to here, and not further.
    peaks = rises[:, :-1] > rises[:, 1:]
    preference = np.float32(OCTAVE) * np.log2(np.arange(shortest, longest) / shortest)
    scores = np.where(peaks, middle - preference.astype(np.float32), np.float32(-9))
    best, score = _highest_peaks(scores)
    rows = np.arange(len(power))[:, None]
    before, sampled, after = (around[rows, best + k] for k in range(3))
    shift, top = _parabola_vertex(before, sampled, after)
    # A narrow peak between two samples is higher than either. Without interpolation, high voices
    # with many harmonics would be found an octave low, where the peak falls on a sample.
    score += top - sampled
    lags = best + shortest + shift
    octaves = np.log2(sample_rate / lags).astype(np.float32)
    return PitchCandidates(score, octaves, top, middle.max(axis=1), energy)


def track_candidates(found: PitchCandidates) -> PitchContour:
    """Finds the best path through the candidates of consecutive frames."""
    amplitude = np.sqrt(found.energy)
    amplitude /= max(float(amplitude.max()), 1e-9)
    unvoiced = VOICING + np.maximum(0, 2 - amplitude / SILENCE * (1 + VOICING))
    path = _best_path(np.concatenate([found.score, unvoiced[:, None]], axis=1), found.octaves)
    voiced = path < CANDIDATES
    rows, chosen = np.arange(len(path)), np.minimum(path, CANDIDATES - 1)
    pitch = 12 * found.octaves[rows, chosen]
    strength = np.where(voiced, found.top[rows, chosen], found.highest)
    return PitchContour(
        np.where(voiced, pitch, 0).astype(np.float32),
        voiced,
        np.clip(strength, 1e-3, 0.9999).astype(np.float32),
    )


def _highest_peaks(scores: Matrix) -> tuple[npt.NDArray[np.intp], Matrix]:
    """Finds the `CANDIDATES` greatest scores of each row, and overwrites them.

    To search for the greatest repeatedly is faster than a partition.
    """
    rows = np.arange(len(scores))
    places = np.empty((len(scores), CANDIDATES), np.intp)
    values = np.empty((len(scores), CANDIDATES), np.float32)
    for k in range(CANDIDATES):
        place = scores.argmax(axis=1)
        places[:, k] = place
        values[:, k] = scores[rows, place]
        scores[rows, place] = -np.inf
    return places, values


def _autocorrelation(power: Matrix, lags: int) -> Matrix:
    """Computes autocorrelations from power spectra, (frames, bins) to (frames, lags)."""
    size = 2 * (power.shape[1] - 1)
    result = np.empty((len(power), lags), np.float32)
    for start in range(0, len(power), _CHUNK):
        rows = slice(start, start + _CHUNK)
        result[rows] = np.fft.irfft(power[rows], size, axis=1)[:, :lags]
    return result


def _fast_autocorrelation(power: Matrix, lags: int) -> Matrix:
    """Computes autocorrelations by matrix products, which round differently.

    Few lags are needed of a spectrum that is real and even. Cosines are even around the middle of
    the spectrum at even lags, and odd at odd ones, so that two products of half the size suffice.
    """
    if power.shape[1] % 2 == 0:
        return _autocorrelation(power, lags)
    half = power.shape[1] // 2
    even, odd = _cosines(power.shape[1], lags)
    result = np.empty((len(power), lags), np.float32)
    for start in range(0, len(power), 3 * _CHUNK):
        rows = slice(start, start + 3 * _CHUNK)
        mirrored = power[rows, :half:-1]
        folded = power[rows, : half + 1].copy()
        folded[:, :half] += mirrored
        result[rows, ::2] = folded @ even
        np.subtract(power[rows, :half], mirrored, out=folded[:, :half])
        result[rows, 1::2] = folded[:, :half] @ odd
    return result


@lru_cache(maxsize=8)
def _cosines(bins: int, lags: int) -> tuple[Matrix, Matrix]:
    """Gives the cosines at even lags, (bins // 2 + 1, any), and at odd ones, (bins // 2, any)."""
    size = 2 * (bins - 1)
    angle = 2 * np.pi * (np.arange(bins // 2 + 1)[:, None] * np.arange(lags) % size) / size
    table = 2 * np.cos(angle) / size
    # The first and the last bin count once.
    table[0] /= 2
    even, odd = table[:, ::2], table[:-1, 1::2]
    return even.astype(np.float32), odd.astype(np.float32)


def _parabola_vertex(before: Matrix, middle: Matrix, after: Matrix) -> tuple[Matrix, Matrix]:
    """Fits parabolas to three samples; gives their vertices' shifts (-0.5 to 0.5) and heights."""
    curvature = before - 2 * middle + after
    flat = np.abs(curvature) < 1e-9
    shift = 0.5 * (before - after) / np.where(flat, 1, curvature)
    clipped: Matrix = np.clip(np.where(flat, 0, shift), -0.5, 0.5)
    height: Matrix = middle - 0.25 * (before - after) * clipped
    return clipped, height


def _best_path(local: Matrix, octaves: Matrix) -> npt.NDArray[np.intp]:
    """Finds the path with the greatest sum of scores minus the costs of its steps (Viterbi).

    Steps are joined in pairs until one is left; then the states between are found from both ends
    towards the middle. These are few operations on many frames, instead of many on one frame.
    """
    frames, states = local.shape
    # The gains of steps between all states, (states, states, steps), padded to a power of two by
    # steps that stay in their state. The last state is "unvoiced".
    steps = 1 << max(0, frames - 2).bit_length()
    gain = np.full((states, states, steps), -np.inf, np.float32)
    gain[range(states), range(states), frames - 1 :] = 0
    real = gain[..., : frames - 1]
    real[:] = -CHANGE
    pitch = octaves.T
    real[:-1, :-1] = -JUMP * np.abs(pitch[:, None, :-1] - pitch[None, :, 1:])
    real[-1, -1] = 0
    real += local.T[:, 1:]
    levels = []
    while gain.shape[2] > 1:
        first, second = gain[..., ::2], gain[..., 1::2]
        levels.append((first, second))
        gain = (first[:, :, None] + second[None]).max(axis=1)
    ends = np.unravel_index((local[0][:, None] + gain[..., 0]).argmax(), (states, states))
    path = np.array(ends, np.intp)
    for first, second in reversed(levels):
        here = np.arange(first.shape[2])
        through = first[path[:-1], :, here] + second[:, path[1:], here].T
        joined = np.empty(2 * len(path) - 1, np.intp)
        joined[::2] = path
        joined[1::2] = through.argmax(axis=1)
        path = joined
    return path[:frames]


@lru_cache(maxsize=8)
def window_autocorrelation(window: bytes, longest: int) -> Vector:
    """Gives the autocorrelation of a window up to a lag, 1 at lag 0."""
    values = np.frombuffer(window, np.float32)
    spectrum = np.abs(np.fft.rfft(values, 2 * len(values))) ** 2
    own = np.fft.irfft(spectrum)[: longest + 2]
    normalized: Vector = (own / own[0]).astype(np.float32)
    return normalized
