"""What Whisper's encoder reads and what is made of its answer, as TensorFlow functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.exporting.preprocess import Clip
from ser.exporting.spectrum import cut_frames, power_of_frames
from ser.features import banks
from ser.features.encoder import FLOOR, PEAK, RANGE, front_end
from ser.features.registry import ENCODER_HOP

# The least peak that is brought to `PEAK`, and power for which silence is taken.
_LEAST_PEAK = 1e-6


def log_mel(tf: Any, clip: Clip, mels: int) -> tuple[Any, Any]:
    """Computes the spectrum that Whisper reads; see `ser.features.encoder.log_mel`.

    Returns:
        Shape (frames, mels), zeros behind the clip's frames; and which frames are the clip's, 1 and
        then 0, shape (frames,).
    """
    spec, _ = front_end(mels)
    size, hop = spec.n_fft, spec.hop_length
    peak = tf.maximum(tf.reduce_max(tf.abs(clip.samples)), _LEAST_PEAK)
    samples = clip.samples / peak * PEAK
    # Clips are mirrored at their ends; shorter ones than a transform are padded first.
    length = tf.maximum(clip.length, size)
    half = size // 2
    room = max(clip.size, size)
    places = np.arange(-half, room + half, dtype=np.int32)
    mirrored = tf.abs(places)
    mirrored = tf.where(mirrored < length, mirrored, 2 * (length - 1) - mirrored)
    padded = tf.pad(samples, [[0, room - clip.size]])
    # Behind the clip and its mirror image, whatever is there is not used.
    padded = tf.gather(padded, tf.maximum(mirrored, 0))
    count = room // hop
    frames = cut_frames(tf, padded, size, hop, count)
    power = tf.matmul(power_of_frames(tf, frames, spec), banks.mel_bank(spec).T)
    levels = tf.math.log(tf.maximum(power, FLOOR)) * float(1 / np.log(10))
    mask = tf.cast(np.arange(count) < length // hop, tf.float32)
    # What stands behind the clip is not among what the greatest is sought in.
    greatest = tf.reduce_max(tf.where(mask[:, None] > 0, levels, np.float32(-100)))
    levels = (tf.maximum(levels, greatest - RANGE) + 4) / 4
    return levels * mask[:, None], mask


def pool_blocks(tf: Any, embedding: Any, mask: Any, blocks: int) -> Any:
    """Pools an embedding over time; see `ser.features.encoder.pool_blocks`.

    Args:
        tf: The module.
        embedding: Shape (frames, blocks * width).
        mask: 1 for frames of the clip, else 0, shape (frames,).
        blocks: Number of blocks whose outputs stand side by side.

    Returns:
        Shape (blocks * 2 * width,).
    """
    count = tf.reduce_sum(mask)
    mean = tf.reduce_sum(embedding * mask[:, None], axis=0) / count
    rest = tf.square(embedding - mean) * mask[:, None]
    deviation = tf.sqrt(tf.reduce_sum(rest, axis=0) / count)
    pairs = tf.concat([tf.reshape(mean, [blocks, -1]), tf.reshape(deviation, [blocks, -1])], axis=1)
    return tf.reshape(pairs, [-1])


def repeat_to_hop(tf: Any, embedding: Any, mask: Any, size: int, hop: int) -> Any:
    """Gives an embedding the frames of other features; see `ser.features.encoder.repeat_to_hop`.

    Args:
        tf: The module.
        embedding: Shape (frames, width).
        mask: 1 for frames of the clip, else 0, shape (frames,).
        size: Samples of the longest clip.
        hop: Samples from one frame to the next of the other features.

    Returns:
        Shape (1 + size // hop, width).
    """
    places = (np.arange(1 + size // hop) * hop + ENCODER_HOP // 2) // ENCODER_HOP
    last = tf.cast(tf.reduce_sum(mask), tf.int32) - 1
    return tf.gather(embedding, tf.minimum(places.astype(np.int32), last))
