"""The baseline of a voice: mean and deviation of its functionals, to compare clips with.

The pitch of a clip says little about an emotion unless the usual pitch of the voice is known. The
baseline is estimated from unlabelled speech of the same voice. It is right as far as this speech
has about the emotions of the speech that is recognized.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix

MIN_CLIPS = 4
"""The least number of clips that a baseline is estimated from."""

# Of so many clips, the baseline lies half-way between the clips' own statistics and the average.
_PRIOR_CLIPS = 5.0

_LEAST_VARIANCE = 1e-8


def unknown_baseline(count: int) -> Matrix:
    """Gives the baseline of a voice that is not known: zeros, shape (2, count)."""
    return np.zeros((2, count), np.float32)


def average_baseline(functionals: Matrix, speakers: npt.NDArray[np.object_]) -> Matrix:
    """Computes the average baseline of the training speakers.

    Args:
        functionals: The functionals of the training clips, shape (clips, n).
        speakers: The speaker of each clip, shape (clips,); `''` where unknown.

    Returns:
        The mean over all clips, and the mean deviation within a voice, shape (2, n).
    """
    mean = functionals.mean(axis=0)
    within = [
        functionals[speakers == speaker].var(axis=0)
        for speaker in sorted(set(speakers.tolist()) - {""})
        if (speakers == speaker).sum() >= MIN_CLIPS
    ]
    variance = np.mean(within, axis=0) if within else functionals.var(axis=0)
    return _baseline(mean, variance)


def estimate_baseline(functionals: Matrix, average: Matrix) -> Matrix:
    """Estimates the baseline of a voice from some of its clips.

    Mean and variance are those of the clips, shrunk towards the average; the fewer the clips, the
    more.

    Args:
        functionals: The functionals of unlabelled clips of the voice, shape (clips, n).
        average: What `average_baseline` gave, shape (2, n).

    Returns:
        Mean and deviation, shape (2, n).
    """
    share = len(functionals) / (len(functionals) + _PRIOR_CLIPS)
    mean = share * functionals.mean(axis=0) + (1 - share) * average[0]
    variance = share * functionals.var(axis=0) + (1 - share) * np.square(average[1])
    # The level belongs to the recording and not to the voice: the average says nothing about it.
    mean[0] = functionals[:, 0].mean()
    return _baseline(mean, variance)


def _baseline(mean: npt.NDArray[np.floating], variance: npt.NDArray[np.floating]) -> Matrix:
    deviation = np.sqrt(np.maximum(variance, _LEAST_VARIANCE))
    return np.stack([mean, deviation]).astype(np.float32)
