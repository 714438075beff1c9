"""How a voice speaks as a rule: mean and deviation of its functionals, to read others against.

A clip's pitch says little about an emotion until one knows how high the voice is otherwise. From
unlabelled speech of the same voice that is known, as far as this speech has the emotions that the
voice is asked about.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Vector

FEWEST_CLIPS = 4
"""Fewer clips than this say next to nothing about a voice."""

# A voice that is known from this many clips lies half-way between them and voices in general.
_PRIOR_CLIPS = 5.0


def nobody(count: int) -> Vector:
    """Gives what stands for a voice that is not known, shape (2, count)."""
    return np.zeros((2, count), np.float32)


def voices_in_general(functionals: Vector, speakers: npt.NDArray[np.object_]) -> Vector:
    """Gives the mean voice and the mean deviation within a voice.

    Args:
        functionals: Of the training clips, shape (clips, n).
        speakers: Whose they are, shape (clips,); `''` where that is not known.
    """
    mean = functionals.mean(axis=0)
    within = [
        functionals[speakers == speaker].var(axis=0)
        for speaker in sorted(set(speakers.tolist()) - {""})
        if (speakers == speaker).sum() >= FEWEST_CLIPS
    ]
    variance = np.mean(within, axis=0) if within else functionals.var(axis=0)
    return np.stack([mean, np.sqrt(np.maximum(variance, 1e-8))]).astype(np.float32)


def learn_voice(functionals: Vector, general: Vector) -> Vector:
    """Learns a voice from its clips.

    Args:
        functionals: Of unlabelled clips of the voice, shape (clips, n).
        general: What `voices_in_general` gave; the fewer the clips, the more of it is kept.

    Returns:
        See `Voice`.
    """
    share = len(functionals) / (len(functionals) + _PRIOR_CLIPS)
    mean = share * functionals.mean(axis=0) + (1 - share) * general[0]
    variance = share * functionals.var(axis=0) + (1 - share) * np.square(general[1])
    # The level is the recording's and not the voice's: what others have means nothing here.
    mean[0] = functionals[:, 0].mean()
    return np.stack([mean, np.sqrt(np.maximum(variance, 1e-8))]).astype(np.float32)
