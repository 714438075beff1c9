"""Contours as networks see them: in steps of 20 ms, on scales of their own.

Half as many steps are half the work, and neither an envelope nor a pitch contour changes faster.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC, Contours

FRAMES = 2
"""Frames of the contours in a step."""

CEPSTRA = SPEC.n_mfcc
PITCH, VOICED, REAL = CEPSTRA, CEPSTRA + 1, CEPSTRA + 2
COLUMNS = CEPSTRA + 3
"""Columns of `steps_of`: the mel-cepstrum, semitones over 1 Hz, how much of the step is voiced, and
1, which tells a step from padding."""

CHANGED = CEPSTRA + 1
"""What is changed in place: the first columns, up to the pitch."""

SEEN = COLUMNS + 1
"""Columns of `seen`."""

# What lies so many decibels under a phrase's loud parts is a pause, and in between the louder it is
# the more it is speech.
_PAUSE_DB = 45.0
_SPEECH_DB = 30.0
_LOUD_PERCENTILE = 95

# Where speech begins and ends: steps over this, and so many more.
_SPOKEN = 0.6
_ROOM = 3

# The first coefficient of an orthonormal transform is the mean times the root of the bands.
_LEVEL = 1 / np.sqrt(np.float32(SPEC.n_mels))


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """What numbers are usual.

    Attributes:
        mean: Of each of the `CHANGED` columns over speech, shape (CHANGED,).
        deviation: Likewise.
        seen_mean: Of each of the columns of `seen`, shape (SEEN,).
        seen_deviation: Likewise.
    """

    mean: Vector
    deviation: Vector
    seen_mean: Vector
    seen_deviation: Vector


def scale_of(phrases: Sequence[Matrix]) -> Scale:
    """Finds what is usual in phrases, each from `steps_of`; pauses do not count."""
    said = np.concatenate([steps[speech(steps) > 0.5] for steps in phrases])
    shown = np.concatenate([seen(steps) for steps in phrases])
    # What tells steps from padding stays as it is.
    shown[:, REAL] = 0
    mean, deviation = shown.mean(axis=0), np.maximum(shown.std(axis=0), 1e-3)
    deviation[REAL] = 1
    return Scale(
        said[:, :CHANGED].mean(axis=0),
        np.maximum(said[:, :CHANGED].std(axis=0), 1e-3),
        mean,
        deviation,
    )


def steps_of(contours: Contours) -> Matrix:
    """Takes the means of neighbouring frames.

    Returns:
        Shape (ceil(frames / 2), COLUMNS).
    """
    frames = len(contours)
    steps = np.empty((frames, COLUMNS), np.float32)
    steps[:, :CEPSTRA] = contours.cepstrum
    steps[:, PITCH] = contours.pitch
    steps[:, VOICED] = contours.voiced
    steps[:, REAL] = 1
    if frames % FRAMES:
        steps = np.concatenate([steps, steps[-1:]])
    means: Matrix = steps.reshape(-1, FRAMES, COLUMNS).mean(axis=1)
    return means


def speech(steps: Matrix) -> Vector:
    """Says how much of each step is speech, from 0 in pauses to 1, by its level in the phrase.

    Args:
        steps: From `steps_of`, without padding.

    Returns:
        Shape (steps,).
    """
    level = steps[:, 0] * _LEVEL
    under = level - np.percentile(level, _LOUD_PERCENTILE)
    share: Vector = np.clip((under + _PAUSE_DB) / (_PAUSE_DB - _SPEECH_DB), 0, 1)
    return share


def spoken_part(steps: Matrix) -> slice:
    """Says from where to where somebody speaks, with a little room, in a phrase.

    Recordings begin and end with silence of any length, which says nothing of how they are spoken.
    """
    places = np.flatnonzero(speech(steps) > _SPOKEN)
    if not len(places):
        return slice(0, len(steps))
    return slice(max(0, int(places[0]) - _ROOM), int(places[-1]) + 1 + _ROOM)


def seen(steps: Matrix) -> Matrix:
    """Gives what the network that changes a phrase may look at, which does not depend on its level.

    Args:
        steps: From `steps_of`, without padding.

    Returns:
        Shape (steps, SEEN): as `steps_of`, but the first coefficient is relative to the phrase's
        loud parts, and in the last column there is the pitch relative to the phrase's median.
    """
    found = np.empty((len(steps), SEEN), np.float32)
    found[:, :COLUMNS] = steps
    found[:, 0] -= np.percentile(steps[:, 0], _LOUD_PERCENTILE)
    voiced = steps[:, VOICED] > 0.5
    found[:, COLUMNS] = steps[:, PITCH]
    found[:, COLUMNS] -= np.median(steps[voiced, PITCH]) if voiced.any() else steps[:, PITCH].mean()
    return found


def to_frames(values: Matrix, frames: int) -> Matrix:
    """Draws values of steps through the frames that they were made of, in straight lines.

    Args:
        values: Shape (steps, n).
        frames: How many frames there were.

    Returns:
        Shape (frames, n).
    """
    middles = FRAMES * np.arange(len(values)) + (FRAMES - 1) / 2
    drawn = [np.interp(np.arange(frames), middles, column) for column in values.T]
    result: Matrix = np.stack(drawn, axis=1).astype(np.float32)
    return result
