"""The fundamental frequency, frame by frame, from a power spectrogram.

Method: Boersma, "Accurate short-term analysis of the fundamental frequency and the
harmonics-to-noise ratio of a sampled sound", IFA Proceedings 17, 1993: the autocorrelation of each
windowed frame, divided by that of the window, has its peaks at the periods; a path of least cost
through the best of them (Viterbi) is the pitch contour. Written anew in NumPy, on the spectra that
the other features use as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]

FLOOR_HZ, CEILING_HZ = 60.0, 600.0
"""From a low male voice to a child's shout."""

# Boersma's values, fitted to frames of 16 ms: how strong a voiced frame's peak must be, what a
# change between voiced and unvoiced costs, what a jump of an octave costs, and how much a peak is
# preferred to the one an octave below.
_VOICING = 0.45
_CHANGE = 0.14
_JUMP = 0.35
_OCTAVE = 0.02
# Frames softer than this part of the loudest are silence.
_SILENCE = 0.03
# Peaks per frame that may become the pitch.
_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Pitch:
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


def track(power: Matrix, sample_rate: int, window: Vector) -> Pitch:
    """Follows the pitch of one voice.

    Args:
        power: Power spectrogram of the windowed frames, shape (frames, n_fft // 2 + 1).
        sample_rate: Hertz.
        window: The window, shape (n_fft,); at least 2.4 periods of `FLOOR_HZ` long.

    Returns:
        A contour with a value per frame.
    """
    size = 2 * (power.shape[1] - 1)
    shortest, longest = int(sample_rate / CEILING_HZ), int(np.ceil(sample_rate / FLOOR_HZ))
    own = _own_correlation(window.tobytes(), longest)
    # NumPy transforms back in single precision what is single; this says so to type checkers too.
    correlation: Matrix = np.fft.irfft(power, size, axis=1)[:, : longest + 2].astype(np.float32)
    energy = correlation[:, :1].copy()
    correlation /= np.maximum(energy, 1e-12)
    correlation /= own
    around = correlation[:, shortest - 1 : longest + 1]
    middle = around[:, 1:-1]
    peaks = (middle > around[:, :-2]) & (middle >= around[:, 2:])
    preference = np.float32(_OCTAVE) * np.log2(np.arange(shortest, longest) / shortest)
    scores = np.where(peaks, middle - preference.astype(np.float32), np.float32(-9))
    best = np.argpartition(-scores, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    before, sampled, after = (np.take_along_axis(around, best + k, axis=1) for k in range(3))
    shift, top = _vertex(before, sampled, after)
    # A narrow peak between two samples is higher than either. By whole samples alone, high rich
    # voices would be heard an octave low, where the peak happens to fall on a sample.
    score = np.take_along_axis(scores, best, axis=1) + (top - sampled)
    lags = best + shortest + shift
    octaves = np.log2(sample_rate / lags).astype(np.float32)
    amplitude = np.sqrt(energy[:, 0])
    amplitude /= max(float(amplitude.max()), 1e-9)
    unvoiced = _VOICING + np.maximum(0, 2 - amplitude / _SILENCE * (1 + _VOICING))
    path = _cheapest(np.concatenate([score, unvoiced[:, None]], axis=1), octaves)
    voiced = path < _CANDIDATES
    chosen = np.minimum(path, _CANDIDATES - 1)[:, None]
    pitch = 12 * np.take_along_axis(octaves, chosen, axis=1)[:, 0]
    strength = np.where(voiced, np.take_along_axis(top, chosen, axis=1)[:, 0], middle.max(axis=1))
    return Pitch(
        np.where(voiced, pitch, 0).astype(np.float32),
        voiced,
        np.clip(strength, 1e-3, 0.9999).astype(np.float32),
    )


def _vertex(before: Matrix, middle: Matrix, after: Matrix) -> tuple[Matrix, Matrix]:
    """How far from its middle sample a peak is (-0.5 to 0.5), and how high, by a parabola."""
    curvature = before - 2 * middle + after
    flat = np.abs(curvature) < 1e-9
    shift = 0.5 * (before - after) / np.where(flat, 1, curvature)
    clipped: Matrix = np.clip(np.where(flat, 0, shift), -0.5, 0.5)
    height: Matrix = middle - 0.25 * (before - after) * clipped
    return clipped, height


def _cheapest(local: Matrix, octaves: Matrix) -> npt.NDArray[np.intp]:
    """Finds the path with the greatest sum of scores less the costs of its steps (Viterbi).

    Steps are joined two by two until one is left, and the path's states are then read backwards
    from both ends to the middles: few operations on all frames, where frame by frame would be many
    on few numbers.
    """
    frames, states = local.shape
    # Steps from each state to each, (states, states, steps), as many as a power of two; those that
    # are too many stay where they are. The last state is "unvoiced".
    steps = 1 << max(0, frames - 2).bit_length()
    gain = np.full((states, states, steps), -np.inf, np.float32)
    gain[range(states), range(states), frames - 1 :] = 0
    real = gain[..., : frames - 1]
    real[:] = -_CHANGE
    pitch = octaves.T
    real[:-1, :-1] = -_JUMP * np.abs(pitch[:, None, :-1] - pitch[None, :, 1:])
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
def _own_correlation(window: bytes, longest: int) -> Vector:
    values = np.frombuffer(window, np.float32)
    spectrum = np.abs(np.fft.rfft(values, 2 * len(values))) ** 2
    own = np.fft.irfft(spectrum)[: longest + 2]
    normalised: Vector = (own / own[0]).astype(np.float32)
    return normalised
