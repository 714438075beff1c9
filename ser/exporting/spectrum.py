"""Short-time power spectra by matrix products, as TensorFlow functions.

A Fourier transform of N = A * B samples is A transforms of B samples, a multiplication by factors
of magnitude 1, and B transforms of A samples (Cooley and Tukey, Mathematics of Computation 1965).
As matrix products these need small tables only, and every runtime has them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ser.exporting.preprocess import Clip
from ser.features import banks
from ser.features.spec import FeatureSpec


def frame_count(tf: Any, clip: Clip, spec: FeatureSpec) -> Any:
    """Gives the number of frames of a clip, a whole number of shape ()."""
    return 1 + (clip.length + _odd(spec)) // spec.hop_length


def power_spectra(tf: Any, clip: Clip, spec: FeatureSpec) -> Any:
    """Computes the power spectra of a clip's frames; see `ser.features.stft.ShortTimeSpectra`.

    Args:
        tf: The module.
        clip: The clip.
        spec: Transform size, window and hop are used.

    Returns:
        Shape (frames, n_fft // 2 + 1); frames from `frame_count` on are not the clip's.
    """
    half = spec.n_fft // 2
    count = 1 + (clip.size + _odd(spec)) // spec.hop_length
    padded = tf.pad(clip.samples, [[half, half]])
    return power_of_frames(tf, cut_frames(tf, padded, spec.n_fft, spec.hop_length, count), spec)


def cut_frames(tf: Any, samples: Any, size: int, hop: int, count: int) -> Any:
    """Cuts samples into overlapping frames, (samples,) to (count, size)."""
    unit = math.gcd(size, hop)
    rows = (count - 1) * hop // unit + size // unit
    missing = max(0, rows * unit - int(samples.shape[0]))
    blocks = tf.reshape(tf.pad(samples, [[0, missing]])[: rows * unit], [rows, unit])
    places = np.arange(count)[:, None] * (hop // unit) + np.arange(size // unit)
    return tf.reshape(tf.gather(blocks, places.astype(np.int32)), [count, size])


def power_of_frames(tf: Any, frames: Any, spec: FeatureSpec) -> Any:
    """Computes the power spectra of frames, (frames, n_fft) to (frames, n_fft // 2 + 1)."""
    size, count = spec.n_fft, int(frames.shape[0])
    outer = _factor(size)
    inner = size // outer
    kept = size // 2 // outer + 1
    x = frames * banks.hann(spec.win_length, size)
    # Sample inner * i + j stands in row i and column j; bin k + outer * l comes of row k, column l.
    x = tf.reshape(tf.transpose(tf.reshape(x, [count, outer, inner]), [0, 2, 1]), [-1, outer])
    first = _angles(np.arange(outer), np.arange(outer), outer)
    x = tf.reshape(
        tf.matmul(x, np.concatenate([np.cos(first), -np.sin(first)], axis=1).astype(np.float32)),
        [count, inner, 2 * outer],
    )
    real, imaginary = x[:, :, :outer], x[:, :, outer:]
    turn = _angles(np.arange(inner), np.arange(outer), size)
    cosine, sine = np.cos(turn).astype(np.float32), np.sin(turn).astype(np.float32)
    turned = tf.concat([real * cosine + imaginary * sine, imaginary * cosine - real * sine], axis=1)
    second = _angles(np.arange(inner), np.arange(kept), inner)
    cosine, sine = np.cos(second), np.sin(second)
    table = np.block([[cosine, -sine], [sine, cosine]]).astype(np.float32)
    x = tf.reshape(tf.transpose(turned, [0, 2, 1]), [-1, 2 * inner])
    x = tf.reshape(tf.matmul(x, table), [count, outer, 2 * kept])
    power = tf.square(x[:, :, :kept]) + tf.square(x[:, :, kept:])
    bins = tf.reshape(tf.transpose(power, [0, 2, 1]), [count, kept * outer])
    return bins[:, : size // 2 + 1]


def _odd(spec: FeatureSpec) -> int:
    """What the padding at both ends lacks of a frame: nothing, or a sample of an odd transform."""
    return 2 * (spec.n_fft // 2) - spec.n_fft


def _factor(size: int) -> int:
    """Gives the greatest divisor up to the square root."""
    return next(k for k in range(math.isqrt(size), 0, -1) if size % k == 0)


def _angles(rows: Any, columns: Any, size: int) -> Any:
    return 2 * np.pi * (rows[:, None] * columns % size) / size
