"""The shapes of contours as TensorFlow functions; see `ser.features.prosody.contours`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.exporting.prosody.descriptors import Descriptors
from ser.features.prosody.contours import BASIS, CEPSTRA, FLOOR_DB, MIN_VOICED, POINTS, VOICED

_STEPS = np.arange(POINTS, dtype=np.float32)


def describe_contours(tf: Any, found: Descriptors) -> Any:
    """Describes the contours of a clip from its first to its last active frame.

    Returns:
        Shape (n,), as `ser.features.prosody.contours.NAMES` has them.
    """
    values = found.values
    count = int(found.active.mask.shape[0])
    places = np.arange(count, dtype=np.float32)
    first, last = _ends(tf, found.active.mask, places)
    inside = tf.cast(places >= first, tf.float32) * tf.cast(places <= last, tf.float32)
    voiced = found.pitch.voiced * inside
    rows = tf.stack([values[name] for name in VOICED])
    everywhere = tf.stack(
        [
            tf.maximum(values["energy"], np.float32(FLOOR_DB)),
            values["alpha"],
            *(found.cepstra[k] for k in CEPSTRA),
        ]
    )
    contours = tf.concat(
        [
            _resample_voiced(tf, rows, voiced, places),
            _interpolate(tf, everywhere, *_neighbors(tf, first, last)),
        ],
        axis=0,
    )
    return tf.matmul(contours, BASIS.T)


def _ends(tf: Any, mask: Any, places: Any) -> tuple[Any, Any]:
    """Gives the first and the last place of a mask; the last and the first of none."""
    first = tf.reduce_min(tf.where(mask > 0, places, places[-1]))
    return first, tf.reduce_max(tf.where(mask > 0, places, np.float32(0)))


def _points(first: Any, last: Any) -> Any:
    """Gives equally spaced points between two places."""
    return (last - first) * _STEPS / float(POINTS - 1) + first


def _neighbors(tf: Any, first: Any, last: Any) -> tuple[Any, Any, Any]:
    """Gives the frames below and above each point, and how far it is from the lower one."""
    where = _points(first, last)
    low = tf.floor(where)
    return low, tf.minimum(low + 1, last), where - low


def _resample_voiced(tf: Any, rows: Any, voiced: Any, places: Any) -> Any:
    """Interpolates values at voiced frames linearly, and samples them: (n, frames) to (n, points).

    Zeros if hardly a frame is voiced.
    """
    first, last = _ends(tf, voiced, places)
    where = _points(first, last)
    known = (voiced > 0)[None, :]
    before = tf.logical_and(known, places[None, :] <= where[:, None])
    behind = tf.logical_and(known, places[None, :] >= where[:, None])
    low = tf.reduce_max(tf.where(before, places[None, :], first), axis=1)
    high = tf.reduce_min(tf.where(behind, places[None, :], last), axis=1)
    part = (where - low) / tf.maximum(high - low, 1.0)
    enough = tf.cast(tf.reduce_sum(voiced) >= MIN_VOICED, tf.float32)
    # With no voiced frame at all the ends are in the wrong order.
    part = tf.clip_by_value(part, 0.0, 1.0)
    return _interpolate(tf, rows, low, high, part) * enough


def _interpolate(tf: Any, rows: Any, low: Any, high: Any, part: Any) -> Any:
    """Interpolates each row between two frames, (n, frames) to (n, points)."""
    below = tf.gather(rows, tf.cast(low, tf.int32), axis=1)
    above = tf.gather(rows, tf.cast(high, tf.int32), axis=1)
    return below * (1 - part) + above * part
