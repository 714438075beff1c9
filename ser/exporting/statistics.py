"""Statistics over those frames of a fixed number that a mask selects, as TensorFlow functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

# Stands for numbers of frames that are not selected, below all that are.
_LEAST = np.float32(-1e30)


@dataclass(frozen=True, slots=True)
class Frames:
    """Some of the frames.

    Attributes:
        mask: 1 for the selected frames, else 0, shape (frames,).
        count: Their number, shape ().
    """

    mask: Any
    count: Any


def select(tf: Any, mask: Any) -> Frames:
    """Selects frames by a mask of 1 and 0, shape (frames,)."""
    return Frames(mask, tf.reduce_sum(mask))


def mean(tf: Any, rows: Any, frames: Frames) -> Any:
    """Computes the mean of each row over the frames, (rows, frames) to (rows,); 0 of none."""
    return tf.reduce_sum(rows * frames.mask, axis=-1) / tf.maximum(frames.count, 1.0)


def mean_and_deviation(tf: Any, rows: Any, frames: Frames) -> tuple[Any, Any]:
    """Computes mean and standard deviation of each row, shape (rows,) each; 0 of none."""
    middle = mean(tf, rows, frames)
    return middle, tf.sqrt(mean(tf, tf.square(rows - middle[:, None]), frames))


def percentiles(tf: Any, rows: Any, frames: Frames, percents: tuple[int, ...]) -> Any:
    """Computes percentiles of each row, (rows, frames) to (percents, rows).

    As `numpy.percentile`: between two neighbors it interpolates.
    """
    size = int(rows.shape[-1])
    # The greatest comes first.
    ordered = tf.math.top_k(tf.where(frames.mask > 0, rows, _LEAST), size)[0]
    last = tf.maximum(frames.count - 1, 0.0)
    found = []
    for percent in percents:
        place = last * float(percent) / 100
        low = tf.floor(place)
        part = place - low
        below = tf.cast(last - low, tf.int32)
        above = tf.cast(last - tf.minimum(tf.math.ceil(place), last), tf.int32)
        found.append(
            tf.gather(ordered, below, axis=-1) * (1 - part)
            + tf.gather(ordered, above, axis=-1) * part
        )
    return tf.stack(found)


def trend(tf: Any, rows: Any, frames: Frames) -> Any:
    """Fits straight lines over the selected frames, closed up, from -1 to 1: shape (rows,)."""
    rank = tf.cumsum(frames.mask) - 1
    time = (rank * 2 / tf.maximum(frames.count - 1, 1.0) - 1) * frames.mask
    return tf.reduce_sum(rows * time, axis=-1) / tf.maximum(tf.reduce_sum(tf.square(time)), 1e-9)


def moments(tf: Any, rows: Any, frames: Frames) -> Any:
    """Computes what `ser.features.prosody.functionals` has of each row: (rows, 7)."""
    middle, deviation = mean_and_deviation(tf, rows, frames)
    low, median, high = tf.unstack(percentiles(tf, rows, frames, (20, 50, 80)), 3)
    parts = [middle, deviation, low, median, high, high - low, trend(tf, rows, frames)]
    return tf.stack(parts, axis=1) * tf.cast(frames.count >= 2, tf.float32)


def differences(values: Any) -> Any:
    """Computes differences along the last axis; one fewer than there are values."""
    return values[..., 1:] - values[..., :-1]
