"""Contours in the form that networks take: steps of 20 ms, as columns of one matrix.

Half as many steps cost half the computation, and neither envelope nor F0 changes faster than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC, Contours

FRAMES_PER_STEP = 2
"""Frames of the contours in a step."""

N_CEPSTRA = SPEC.n_mfcc
"""Mel-cepstral coefficients: the first columns of a step."""

PITCH, VOICED, MASK = N_CEPSTRA, N_CEPSTRA + 1, N_CEPSTRA + 2
N_COLUMNS = N_CEPSTRA + 3
"""Columns of `to_steps`: the mel-cepstrum, F0 in semitones over 1 Hz, the voiced share of the step,
and a mask, 1 for a step and 0 for padding."""

N_CHANGED = N_CEPSTRA + 1
"""Columns that conversion changes: the first ones, up to F0."""

N_FEATURES = N_COLUMNS + 1
"""Columns of `generator_features`."""

# Steps so many decibels below a phrase's loud parts are a pause (weight 0), and above the second
# limit speech (weight 1); linear in between.
_PAUSE_DB = 45.0
_SPEECH_DB = 30.0
_LOUD_PERCENTILE = 95

# Speech begins and ends at the first and last step over this weight, with a margin of steps.
_SPEECH_WEIGHT = 0.6
_MARGIN = 3

# The first coefficient of an orthonormal DCT is the mean times the root of the number of bands.
_LEVEL = 1 / np.sqrt(np.float32(SPEC.n_mels))


@dataclass(frozen=True, slots=True, eq=False)
class ContourScale:
    """Means and standard deviations over the training recordings.

    Attributes:
        mean: Of each of the `N_CHANGED` columns over speech, shape (N_CHANGED,).
        deviation: Likewise.
        feature_mean: Of each column of `generator_features`, shape (N_FEATURES,).
        feature_deviation: Likewise.
    """

    mean: Vector
    deviation: Vector
    feature_mean: Vector
    feature_deviation: Vector


def fit_scale(phrases: Sequence[Matrix]) -> ContourScale:
    """Computes means and deviations over phrases, each from `to_steps`; pauses do not count."""
    speech = np.concatenate([steps[speech_weight(steps) > 0.5] for steps in phrases])
    features = np.concatenate([generator_features(steps) for steps in phrases])
    # The mask is not scaled.
    features[:, MASK] = 0
    mean, deviation = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-3)
    deviation[MASK] = 1
    return ContourScale(
        speech[:, :N_CHANGED].mean(axis=0),
        np.maximum(speech[:, :N_CHANGED].std(axis=0), 1e-3),
        mean,
        deviation,
    )


def to_steps(contours: Contours) -> Matrix:
    """Averages neighboring frames.

    Returns:
        Shape (ceil(frames / 2), N_COLUMNS).
    """
    frames = len(contours)
    steps = np.empty((frames, N_COLUMNS), np.float32)
    steps[:, :N_CEPSTRA] = contours.cepstrum
    steps[:, PITCH] = contours.pitch
    steps[:, VOICED] = contours.voiced
    steps[:, MASK] = 1
    if frames % FRAMES_PER_STEP:
        steps = np.concatenate([steps, steps[-1:]])
    means: Matrix = steps.reshape(-1, FRAMES_PER_STEP, N_COLUMNS).mean(axis=1)
    return means


def speech_weight(steps: Matrix) -> Vector:
    """Weighs steps by their level within the phrase: 0 in pauses, 1 in speech.

    Args:
        steps: From `to_steps`, without padding.

    Returns:
        Shape (steps,).
    """
    level = steps[:, 0] * _LEVEL
    below = level - np.percentile(level, _LOUD_PERCENTILE)
    weight: Vector = np.clip((below + _PAUSE_DB) / (_PAUSE_DB - _SPEECH_DB), 0, 1)
    return weight


def find_speech(steps: Matrix) -> slice:
    """Finds the part of a phrase between leading and trailing silence, with a small margin.

    The silence around a recording may be of any length and says nothing of how it is spoken.
    """
    places = np.flatnonzero(speech_weight(steps) > _SPEECH_WEIGHT)
    if not len(places):
        return slice(0, len(steps))
    return slice(max(0, int(places[0]) - _MARGIN), int(places[-1]) + 1 + _MARGIN)


def generator_features(steps: Matrix) -> Matrix:
    """Computes the input features of the generator, which do not depend on the phrase's level.

    Args:
        steps: From `to_steps`, without padding.

    Returns:
        Shape (steps, N_FEATURES): as `to_steps`, but the first coefficient is relative to the
        phrase's loud parts, and one more column has the F0 relative to the phrase's median.
    """
    features = np.empty((len(steps), N_FEATURES), np.float32)
    features[:, :N_COLUMNS] = steps
    features[:, 0] -= np.percentile(steps[:, 0], _LOUD_PERCENTILE)
    voiced = steps[:, VOICED] > 0.5
    pitch = steps[:, PITCH]
    features[:, N_COLUMNS] = pitch
    features[:, N_COLUMNS] -= np.median(pitch[voiced]) if voiced.any() else pitch.mean()
    return features


def to_frames(values: Matrix, frames: int) -> Matrix:
    """Interpolates values of steps linearly to the frames that they were made of.

    Args:
        values: Shape (steps, n).
        frames: How many frames there were.

    Returns:
        Shape (frames, n).
    """
    centers = FRAMES_PER_STEP * np.arange(len(values)) + (FRAMES_PER_STEP - 1) / 2
    interpolated = [np.interp(np.arange(frames), centers, column) for column in values.T]
    result: Matrix = np.stack(interpolated, axis=1).astype(np.float32)
    return result
