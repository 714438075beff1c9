"""Linear discriminants in closed form: of clips by themselves, and apart from their voices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ser.arrays import Doubles, Floats, LabelIndices, Matrix, Vector

Numbers = TypeVar("Numbers", Matrix, Doubles)

# Alternating least squares of emotions and voices converges in a few steps.
_STEPS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Discriminant:
    """A linear discriminant of standardized features.

    Attributes:
        weights: Shape (features, classes).
        biases: Shape (classes,).
    """

    weights: Matrix
    biases: Vector


def fit_discriminant(
    x: Matrix,
    targets: LabelIndices,
    classes: int,
    *,
    shrinkage: float,
    weights: Vector,
    speakers: LabelIndices | None = None,
) -> Discriminant:
    """Fits a linear discriminant with equal priors and a shrunk covariance.

    The covariance is ``(1 - shrinkage) * S + shrinkage * v * I``, with the weighted covariance S
    within the emotions and its mean variance v (Ledoit and Wolf 2004, with a fixed share: theirs
    is a tenth of what speakers apart ask for, because it takes the clips of a speaker for
    independent).

    Args:
        x: Standardized features, shape (clips, features).
        targets: The emotion of each clip, shape (clips,).
        classes: Number of emotions; each has a clip.
        shrinkage: From 0 to 1.
        weights: How much each clip counts, shape (clips,).
        speakers: The number of the speaker of each clip, shape (clips,). If given, S is the
            covariance within emotion and speaker: the sum of a mean per emotion and an offset per
            speaker is fitted by least squares, and the means of the emotions are taken from it.
    """
    emotions = _indicator(targets, classes) * weights[:, None]
    means = _means(emotions, x)
    residual = x - means[targets]
    if speakers is not None:
        voices = _indicator(speakers, int(speakers.max()) + 1) * weights[:, None]
        means, offsets = additive_means(
            x, (targets, emotions), (speakers, voices), voices.sum(axis=0), _STEPS
        )
        residual = x - offsets[speakers] - means[targets]
    total = weights.sum()
    covariance = (residual * weights[:, None]).T @ residual / total
    mean_variance = float(np.trace(covariance)) / len(covariance)
    covariance *= 1 - shrinkage
    covariance[np.diag_indices(len(covariance))] += shrinkage * mean_variance + 1e-9
    solved = np.linalg.solve(covariance.astype(np.float64), means.T.astype(np.float64))
    biases = -0.5 * (solved * means.T).sum(axis=0)
    return Discriminant(solved.astype(np.float32), biases.astype(np.float32))


def additive_means(
    x: Numbers,
    emotions: tuple[LabelIndices, Numbers],
    voices: tuple[LabelIndices, Numbers],
    voice_weights: Floats | None,
    steps: int,
) -> tuple[Numbers, Numbers]:
    """Fits the sum of a mean per emotion and an offset per voice by alternating least squares.

    Args:
        x: Shape (clips, features).
        emotions: The emotion of each clip, (clips,), and how much the clip counts in the column
            of its emotion, else 0, (clips, classes).
        voices: The same of its voice.
        voice_weights: How much each voice counts in the average voice, which has no offset, shape
            (voices,); None for all alike.
        steps: Number of alternations.

    Returns:
        Means (classes, features) and offsets (voices, features).
    """
    (targets, by_emotion), (speakers, by_voice) = emotions, voices
    means = _means(by_emotion, x)
    for _ in range(steps):
        offsets = _means(by_voice, x - means[targets])
        offsets -= np.average(offsets, axis=0, weights=voice_weights)
        means = _means(by_emotion, x - offsets[speakers])
    return means, offsets


def _indicator(numbers: LabelIndices, count: int) -> Matrix:
    found: Matrix = np.eye(count, dtype=np.float32)[numbers]
    return found


def _means(indicator: Numbers, x: Numbers) -> Numbers:
    """Gives the weighted mean of each group, shape (groups, features); zeros for an empty one."""
    found: Numbers = (indicator.T @ x) / np.maximum(indicator.sum(axis=0), 1e-9)[:, None]
    return found
