"""The high-pass filter as a TensorFlow function; see `ser.preprocess.high_pass`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.exporting.preprocess import Clip
from ser.exporting.spectrum import cut_frames
from ser.preprocess.high_pass import frequency_response

# Samples that one row of a matrix product gives.
_BLOCK = 64


def high_pass(tf: Any, clip: Clip, rate: int, cutoff: float) -> Clip:
    """Filters a clip by itself: what comes before its first sample is taken for constant.

    Args:
        tf: The module.
        clip: The clip, which fills its tensor.
        rate: Sample rate in hertz.
        cutoff: The cutoff in hertz.
    """
    response = frequency_response(rate, cutoff)
    length = len(response) - 1
    impulse = np.fft.irfft(response, 2 * length)[:length]
    samples = clip.samples - tf.reduce_mean(clip.samples[:length])
    count = -(-clip.size // _BLOCK)
    padded = tf.pad(samples, [[length, 0]])
    frames = cut_frames(tf, padded, length + _BLOCK, _BLOCK, count)
    found = tf.reshape(tf.matmul(frames, _table(impulse)), [-1])[: clip.size]
    return Clip(found, clip.length)


def _table(impulse: Any) -> Matrix:
    """Gives the weights of `len(impulse)` earlier samples and a block in each sample of the block.

    Returns:
        Shape (len(impulse) + block, block).
    """
    delay = len(impulse) + np.arange(_BLOCK) - np.arange(len(impulse) + _BLOCK)[:, None]
    inside = (delay >= 0) & (delay < len(impulse))
    return np.where(inside, impulse[np.clip(delay, 0, len(impulse) - 1)], 0).astype(np.float32)
