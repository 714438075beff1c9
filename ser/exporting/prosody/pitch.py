"""The pitch of frames as TensorFlow functions; see `ser.features.prosody.pitch`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.features import banks
from ser.features.prosody import pitch
from ser.features.spec import FeatureSpec

# The cost of a path that is impossible; less than all real ones together by far.
_IMPOSSIBLE = np.float32(-1e9)
_STATES = pitch.CANDIDATES + 1


@dataclass(frozen=True, slots=True)
class Contour:
    """A pitch contour; see `ser.features.prosody.pitch.PitchContour`.

    Attributes:
        semitones: Shape (frames,).
        voiced: 1 where there is a pitch, else 0, shape (frames,).
        strength: Shape (frames,).
    """

    semitones: Any
    voiced: Any
    strength: Any


def track_pitch(tf: Any, power: Any, spec: FeatureSpec, valid: Any) -> Contour:
    """Tracks the pitch of one voice.

    Args:
        tf: The module.
        power: Power spectra of the frames, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and transform are used.
        valid: 1 for frames of the clip, 0 for those behind it, shape (frames,).
    """
    rate = spec.sample_rate
    shortest, longest = int(rate / pitch.CEILING_HZ), int(np.ceil(rate / pitch.FLOOR_HZ))
    window = banks.hann(spec.win_length, spec.n_fft)
    own = pitch.window_autocorrelation(window.tobytes(), longest)
    correlation = tf.matmul(power, _cosines(spec.n_fft, longest + 2))
    energy = correlation[:, 0]
    around = correlation[:, shortest - 1 : longest + 1] * (1 / own[shortest - 1 : longest + 1])
    around = around * (1 / tf.maximum(energy, 1e-12))[:, None]
    middle = around[:, 1:-1]
    rises = tf.cast(around[:, 1:] > around[:, :-1], tf.float32)
    peaks = rises[:, :-1] > rises[:, 1:]
    preference = np.float32(pitch.OCTAVE) * np.log2(np.arange(shortest, longest) / shortest)
    scores = tf.where(peaks, middle - preference.astype(np.float32), np.float32(-9))
    score, best = tf.math.top_k(scores, pitch.CANDIDATES)
    before, sampled, after = (tf.gather(around, best + k, batch_dims=1) for k in range(3))
    shift, top = _parabola_vertex(tf, before, sampled, after)
    score = score + (top - sampled)
    lags = tf.cast(best + shortest, tf.float32) + shift
    octaves = tf.math.log(rate / lags) * float(1 / np.log(2))
    amplitude = tf.sqrt(tf.maximum(energy, 0.0)) * valid
    amplitude = amplitude / tf.maximum(tf.reduce_max(amplitude), 1e-9)
    unvoiced = pitch.VOICING + tf.maximum(0.0, 2 - amplitude / pitch.SILENCE * (1 + pitch.VOICING))
    path = _best_path(tf, tf.concat([score, unvoiced[:, None]], axis=1), octaves, valid)
    chosen = tf.one_hot(tf.minimum(path, pitch.CANDIDATES - 1), pitch.CANDIDATES)
    voiced = tf.cast(path < pitch.CANDIDATES, tf.float32) * valid
    strength = tf.where(
        voiced > 0, tf.reduce_sum(chosen * top, axis=1), tf.reduce_max(middle, axis=1)
    )
    return Contour(
        12 * tf.reduce_sum(chosen * octaves, axis=1) * voiced,
        voiced,
        tf.clip_by_value(strength, 1e-3, 0.9999),
    )


def _cosines(size: int, lags: int) -> Matrix:
    """Gives the table from a power spectrum to autocorrelations, (size // 2 + 1, lags)."""
    bins = np.arange(size // 2 + 1)
    table = 2 * np.cos(2 * np.pi * (bins[:, None] * np.arange(lags) % size) / size) / size
    # The first bin and the last of an even size count once.
    table[0] /= 2
    if size % 2 == 0:
        table[-1] /= 2
    return table.astype(np.float32)


def _parabola_vertex(tf: Any, before: Any, middle: Any, after: Any) -> tuple[Any, Any]:
    """Fits parabolas to three samples; gives their vertices' shifts (-0.5 to 0.5) and heights."""
    curvature = before - 2 * middle + after
    flat = tf.abs(curvature) < 1e-9
    shift = 0.5 * (before - after) / tf.where(flat, 1.0, curvature)
    clipped = tf.clip_by_value(tf.where(flat, 0.0, shift), -0.5, 0.5)
    return clipped, middle - 0.25 * (before - after) * clipped


def _best_path(tf: Any, local: Any, octaves: Any, valid: Any) -> Any:
    """Finds the path with the greatest sum of scores minus the costs of its steps (Viterbi).

    Steps are joined in pairs until one is left, as in `ser.features.prosody.pitch`. Steps behind
    the clip's end stay in their state.

    Returns:
        The state of each frame, shape (frames,).
    """
    frames = int(local.shape[0])
    steps = 1 << max(0, frames - 2).bit_length()
    costs = np.zeros((_STATES, _STATES), np.float32)
    costs[-1, :-1] = costs[:-1, -1] = -pitch.CHANGE
    jumps = -pitch.JUMP * tf.abs(octaves[:-1, :, None] - octaves[1:, None, :])
    real = tf.pad(jumps, [[0, 0], [0, 1], [0, 1]]) + costs + local[1:, None, :]
    stay = np.where(np.eye(_STATES) > 0, np.float32(0), _IMPOSSIBLE)
    real = tf.where(valid[1:, None, None] > 0, real, stay)
    behind = np.broadcast_to(stay, (steps - frames + 1, _STATES, _STATES))
    gain = tf.concat([real, behind], axis=0)
    levels = []
    while steps > 1:
        steps //= 2
        pairs = tf.reshape(gain, [steps, 2, _STATES, _STATES])
        first, second = pairs[:, 0], pairs[:, 1]
        levels.append((first, second))
        gain = tf.reduce_max(first[:, :, :, None] + second[:, None, :, :], axis=2)
    ends = tf.argmax(tf.reshape(local[0][:, None] + gain[0], [-1]), output_type=tf.int32)
    path = tf.stack([ends // _STATES, ends - ends // _STATES * _STATES])
    for first, second in reversed(levels):
        chosen = tf.one_hot(path, _STATES)
        through = tf.reduce_sum(first * chosen[:-1, :, None], axis=1)
        through = through + tf.reduce_sum(second * chosen[1:, None, :], axis=2)
        between = tf.argmax(through, axis=1, output_type=tf.int32)
        joined = tf.reshape(tf.stack([path[:-1], between], axis=1), [-1])
        path = tf.concat([joined, path[-1:]], axis=0)
    return path[:frames]
