"""What happens to samples before the features, as TensorFlow functions of a fixed length."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.preprocess.silence import FRAME, HOP

# Decibels of the least mean square, as `ser.preprocess.silence` has them.
_LEAST_POWER = 1e-10


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip within a tensor that is long enough for every clip.

    Attributes:
        samples: Shape (size,); zeros behind the clip's end.
        length: The clip's length in samples, a whole number of shape ().
    """

    samples: Any
    length: Any

    @property
    def size(self) -> int:
        """The length of the tensor."""
        return int(self.samples.shape[0])


def whole(tf: Any, samples: Any) -> Clip:
    """Makes a clip of all samples of a tensor."""
    return Clip(samples, tf.constant(samples.shape[0], tf.int32))


def shorten(tf: Any, clip: Clip, most: int) -> Clip:
    """Leaves out what stands behind so many samples."""
    if most >= clip.size:
        return clip
    return Clip(clip.samples[:most], tf.minimum(clip.length, most))


def trim(tf: Any, clip: Clip, top_db: float) -> Clip:
    """Cuts off the silence at both ends; see `ser.preprocess.silence.trim_bounds`."""
    count = 1 + clip.size // HOP
    before = FRAME // 2
    behind = (count + FRAME // HOP - 1) * HOP - before - clip.size
    blocks = tf.reshape(tf.pad(clip.samples, [[before, behind]]), [-1, HOP])
    energy = tf.reduce_sum(tf.square(blocks), axis=1)
    # A frame is as long as four blocks.
    mean_square = sum(energy[k : k + count] for k in range(FRAME // HOP)) / float(FRAME)
    places = np.arange(count, dtype=np.int32)
    inside = tf.cast(places * HOP <= clip.length, tf.float32)
    levels = _decibels(tf, mean_square * inside)
    sound = tf.cast(levels > tf.reduce_max(levels) - top_db, tf.float32) * inside
    first = tf.cast(tf.reduce_min(tf.where(sound > 0, places, count)), tf.int32) * HOP
    last = tf.cast(tf.reduce_max(tf.where(sound > 0, places, -1)), tf.int32) * HOP + HOP
    last = tf.minimum(clip.length, last)
    kept = last > first
    first, last = tf.where(kept, first, 0), tf.where(kept, last, clip.length)
    return _part(tf, clip, first, last)


def _part(tf: Any, clip: Clip, first: Any, last: Any) -> Clip:
    """Moves a part of a clip to the front of the tensor; it begins at a multiple of `HOP`."""
    rows = -(-clip.size // HOP)
    blocks = tf.reshape(tf.pad(clip.samples, [[0, 2 * rows * HOP - clip.size]]), [-1, HOP])
    moved = tf.gather(blocks, first // HOP + np.arange(rows, dtype=np.int32))
    samples = tf.reshape(moved, [-1])[: clip.size]
    length = last - first
    return Clip(samples * tf.cast(np.arange(clip.size) < length, tf.float32), length)


def _decibels(tf: Any, mean_square: Any) -> Any:
    return tf.math.log(tf.maximum(mean_square, _LEAST_POWER)) * float(10 / np.log(10))


STEPS: Mapping[str, Callable[[Any, Clip, float], Clip]] = MappingProxyType({"trim": trim})
"""The cleaning steps that can be exported, by the names that specifications have for them.

Each takes the module, a clip, and the value of the step.
"""
