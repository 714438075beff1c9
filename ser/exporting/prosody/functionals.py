"""Functionals of a clip as a TensorFlow function; see `ser.features.prosody.functionals`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.exporting.prosody.contours import describe_contours
from ser.exporting.prosody.descriptors import Descriptors, describe
from ser.exporting.statistics import (
    Frames,
    differences,
    mean,
    mean_and_deviation,
    moments,
    percentiles,
    select,
)
from ser.features.prosody.descriptors import CEPSTRA, SPECTRAL, VOICED
from ser.features.prosody.functionals import EVERYWHERE, UNVOICED
from ser.features.spec import FeatureSpec

# With fewer voiced frames, what is computed of those is computed of all active ones.
_MIN_VOICED = 5
# Cepstral coefficients that are described in voiced frames too.
_VOICED_CEPSTRA = 4


def compute(tf: Any, power: Any, spec: FeatureSpec, valid: Any) -> Any:
    """Computes the prosodic functionals of a clip.

    Args:
        tf: The module.
        power: Power spectra of the frames, shape (frames, n_fft // 2 + 1).
        spec: Says which functionals there are.
        valid: 1 for frames of the clip, 0 for those behind it, shape (frames,).

    Returns:
        Shape (n,), in the order of `ser.features.prosody.functionals.names`.
    """
    found = describe(tf, power, spec, valid)
    parts = _statistics(tf, found, valid)
    if spec.prosody == "contours":
        parts.append(describe_contours(tf, found))
    return tf.concat([tf.reshape(part, [-1]) for part in parts], axis=0)


def _statistics(tf: Any, found: Descriptors, valid: Any) -> list[Any]:
    values, active, contour = found.values, found.active, found.pitch
    enough = tf.reduce_sum(contour.voiced) >= _MIN_VOICED
    voiced = select(tf, tf.where(enough, contour.voiced, active.mask))
    breath = select(tf, active.mask * (1 - contour.voiced))
    both = select(tf, contour.voiced[1:] * contour.voiced[:-1])
    moving = select(tf, active.mask[1:])
    lower = found.cepstra[1:CEPSTRA]
    loudness = values["loudness"] * valid
    # A moving average, with silence at both ends.
    smooth = (tf.pad(loudness[1:], [[0, 1]]) + loudness + tf.pad(loudness[:-1], [[1, 0]])) / 3
    inside = select(tf, valid[1:])
    return [
        found.level,
        moments(tf, tf.stack([values[name] for name in (*VOICED, *SPECTRAL)]), voiced),
        moments(tf, tf.stack([values[name] for name in EVERYWHERE]), active),
        mean(tf, tf.stack([values[name] for name in UNVOICED]), breath),
        *mean_and_deviation(tf, lower, active),
        *mean_and_deviation(tf, lower[:_VOICED_CEPSTRA], voiced),
        *_slopes(tf, differences(smooth), inside, found.seconds),
        *_slopes(tf, differences(values["pitch"]), both, found.seconds),
        *_perturbation(tf, values, both),
        *_rhythm(tf, found, smooth, valid),
        mean(tf, tf.abs(differences(lower)), moving),
        *mean_and_deviation(tf, tf.abs(differences(values["energy"]))[None], moving),
    ]


def _slopes(tf: Any, steps: Any, frames: Frames, seconds: float) -> list[Any]:
    """Computes mean and deviation of the rising slopes and of the falling ones, per second."""
    change = steps / seconds
    found: list[Any] = []
    for mask in (change > 0, change < 0):
        part = select(tf, tf.cast(mask, tf.float32) * frames.mask)
        found += mean_and_deviation(tf, change[None], part)
    return found


def _perturbation(tf: Any, values: dict[str, Any], both: Frames) -> list[Any]:
    """Computes how much pitch and level change between voiced frames (jitter and shimmer)."""
    pitch = tf.abs(differences(values["pitch"]))[None]
    energy = tf.abs(differences(values["energy"]))[None]
    some = tf.cast(both.count > 0, tf.float32)
    high = percentiles(tf, pitch, both, (80,))[0]
    return [mean(tf, pitch, both), high * some, mean(tf, energy, both)]


def _rhythm(tf: Any, found: Descriptors, smooth: Any, valid: Any) -> list[Any]:
    """Computes rates and lengths of voiced stretches, pauses, and the rate of syllables."""
    voiced, active = found.pitch.voiced, found.active
    places = np.arange(int(voiced.shape[0]), dtype=np.float32)
    # The number of a frame within its stretch: how far behind is the last unvoiced one?
    unvoiced = tf.where(voiced > 0, np.float32(-1), places)
    earlier = places[None, :] <= places[:, None]
    behind = tf.reduce_max(tf.where(earlier, unvoiced[None, :], np.float32(-1)), axis=1)
    number = (places - behind) * voiced
    total = tf.reduce_sum(voiced)
    starts = tf.reduce_sum(tf.cast(number == 1, tf.float32))
    count = tf.maximum(starts, 1.0)
    # Of a stretch of n frames, the sum of 2 k - 1 over k up to n is the square of n.
    squares = tf.reduce_sum((2 * number - 1) * voiced)
    variance = (squares * count - total * total) / (count * count)
    first = tf.reduce_min(tf.where(active.mask > 0, places, places[-1]))
    frames = tf.reduce_max(tf.where(active.mask > 0, places, np.float32(0))) - first + 1
    span = frames * found.seconds
    middle = smooth[1:-1]
    rising = tf.cast(middle > smooth[:-2], tf.float32)
    peaks = rising * tf.cast(middle >= smooth[2:], tf.float32) * active.mask[1:-1]
    return [
        starts / span,
        total / count * found.seconds,
        tf.sqrt(tf.maximum(variance, 0.0)) * found.seconds,
        total / tf.reduce_sum(valid),
        span,
        active.count / frames,
        tf.reduce_sum(peaks) / span,
    ]
