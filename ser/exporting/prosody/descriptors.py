"""Descriptors of each frame as TensorFlow functions; see `ser.features.prosody.descriptors`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.exporting.prosody.pitch import Contour, track_pitch
from ser.exporting.statistics import Frames, mean, select
from ser.features import banks
from ser.features.prosody.descriptors import ACTIVE_DB, CEPSTRA
from ser.features.prosody.measures import (
    FLOOR,
    MELS,
    ROLLOFF_SHARE,
    TINY,
    TOP_HZ,
    bins,
    hertz_of_bins,
    layout,
    mel_bank,
    sum_weights,
)
from ser.features.spec import FeatureSpec

_DECIBELS = float(10 / np.log(10))
# Where unvoiced frames are looked for harmonics; what is found there is not used.
_SOMEWHERE_HZ = 200.0
# The smallest normal number, whose logarithm is a number.
_SMALLEST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class Descriptors:
    """The descriptors of a clip; see `ser.features.prosody.descriptors.Descriptors`.

    Attributes:
        pitch: The pitch contour.
        active: The frames that are no pause.
        level: Shape ().
        values: Descriptors by name, each of shape (frames,).
        cepstra: Shape (`CEPSTRA`, frames).
        seconds: From one frame to the next.
    """

    pitch: Contour
    active: Frames
    level: Any
    values: dict[str, Any]
    cepstra: Any
    seconds: float


def describe(tf: Any, power: Any, spec: FeatureSpec, valid: Any) -> Descriptors:
    """Computes the descriptors of a clip.

    Args:
        tf: The module.
        power: Power spectra of the frames, shape (frames, n_fft // 2 + 1).
        spec: Sample rate, window and hop are used.
        valid: 1 for frames of the clip, 0 for those behind it, shape (frames,).
    """
    power = power * valid[:, None]
    total = tf.reduce_sum(power, axis=1)
    levels = _decibels(tf, total)
    active = select(tf, tf.cast(levels > tf.reduce_max(levels) - ACTIVE_DB, tf.float32) * valid)
    level = mean(tf, total, active)
    own = power / tf.maximum(level, FLOOR)
    pitch = track_pitch(tf, own, spec, valid)
    mel = tf.matmul(own, mel_bank(spec).T)
    sums = tf.matmul(own, np.ascontiguousarray(sum_weights(spec)[:, :4]))
    total, below, above, moment = tf.unstack(sums, 4, axis=1)
    low = own[:, : layout(spec).columns["low"].stop - layout(spec).columns["low"].start]
    first, second = _harmonic(tf, low, pitch, spec, 1), _harmonic(tf, low, pitch, spec, 2)
    slopes = tf.matmul(_decibels(tf, low), _slope_weights(spec, int(low.shape[1])))

    def greatest(start: float, stop: float) -> Any:
        return _decibels(tf, tf.reduce_max(own[:, bins(spec, start, stop)], axis=1))

    values = {
        "pitch": pitch.semitones,
        "hnr": _decibels(tf, pitch.strength / (1 - pitch.strength)),
        "h1_h2": first - second,
        "h1_a3": first - greatest(2001, 3500),
        "alpha": _decibels(tf, below) - _decibels(tf, above),
        "hammarberg": greatest(0, 2000) - greatest(2000, TOP_HZ),
        "slope_low": slopes[:, 0],
        "slope_high": slopes[:, 1],
        "flux": _flux(tf, own, total),
        "energy": _decibels(tf, total),
        "loudness": _loudness(tf, mel),
        "centroid": moment / tf.maximum(total, FLOOR),
        "rolloff": _rolloff(tf, own, spec),
    }
    cepstra = tf.matmul(banks.dct_basis(CEPSTRA, MELS), tf.transpose(tf.math.log(mel + 1e-8)))
    return Descriptors(
        pitch,
        active,
        _decibels(tf, level),
        values,
        cepstra,
        spec.hop_length / spec.sample_rate,
    )


def _decibels(tf: Any, power: Any) -> Any:
    return _DECIBELS * tf.math.log(power + FLOOR)


def _loudness(tf: Any, mel: Any) -> Any:
    """Sums the power of 0.3 over bands; silence stays zero."""
    roots = tf.exp(0.3 * tf.math.log(tf.maximum(mel, _SMALLEST)))
    return tf.reduce_sum(roots * tf.cast(mel > 0, tf.float32), axis=1)


def _flux(tf: Any, power: Any, total: Any) -> Any:
    """Computes the square of the difference between roots of spectra that have the sum 1."""
    root, length = tf.sqrt(power), tf.sqrt(tf.maximum(total, TINY))
    product = tf.reduce_sum(root[1:] * root[:-1], axis=1)
    similarity = product / (length[1:] * length[:-1])
    nonzero = tf.cast(total > 0, tf.float32)
    found = tf.maximum(0.0, nonzero[1:] + nonzero[:-1] - 2 * similarity)
    return tf.pad(found, [[1, 0]])


def _rolloff(tf: Any, power: Any, spec: FeatureSpec) -> Any:
    """Finds the frequency in hertz below which a frame has `ROLLOFF_SHARE` of its power."""
    cumulative = tf.cumsum(power, axis=1)
    wanted = ROLLOFF_SHARE * cumulative[:, -1:]
    place = tf.reduce_sum(tf.cast(cumulative < wanted, tf.float32), axis=1)
    return place * (spec.sample_rate / spec.n_fft)


def _slope_weights(spec: FeatureSpec, width: int) -> Matrix:
    """Gives the weights of the bins for two slopes in decibels per kilohertz, (width, 2)."""
    weights = np.zeros((width, 2), np.float32)
    for column, (low, high) in enumerate(((0, 500), (500, 1500))):
        inside = bins(spec, low, high)
        place = hertz_of_bins(spec)[inside] / 1000
        place = place - place.mean()
        weights[inside, column] = place / np.square(place).sum()
    return weights


def _harmonic(tf: Any, power: Any, pitch: Contour, spec: FeatureSpec, number: int) -> Any:
    """Gives the level of a harmonic in decibels: that of the greatest of three bins around it."""
    hertz = tf.where(
        pitch.voiced > 0, tf.exp(pitch.semitones * float(np.log(2) / 12)), _SOMEWHERE_HZ
    )
    place = tf.cast(tf.round(number * hertz * spec.n_fft / spec.sample_rate), tf.int32)
    place = tf.clip_by_value(place, 1, int(power.shape[1]) - 2)
    around = place[:, None] + np.arange(-1, 2, dtype=np.int32)
    return _decibels(tf, tf.reduce_max(tf.gather(power, around, batch_dims=1), axis=1))
