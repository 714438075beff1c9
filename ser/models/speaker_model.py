"""A speaker model: what a clip's emotion is, given how the same voice sounds otherwise.

The model is that of two-covariance speaker recognition (Ioffe, ECCV 2006; Prince and Elder, ICCV
2007) with emotions as the classes: the scores of a clip are the sum of the mean of its emotion, an
offset of the voice (and its microphone, room and language), a deviation of how this voice sounds in
this emotion, and noise of the clip. All four are normally distributed. Offset, deviations and the
share of each emotion in what is heard of a voice are estimated together with the emotions of its
clips by expectation maximization (the shares as in Saerens, Latinne and Decaestecker, Neural
Computation 2002), so no labels are needed. With few clips the estimates stay near the population.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from ser.arrays import Doubles, Floats, Matrix
from ser.models.calibration import softmax

CLIP = 5.0
"""Standardized functionals are clipped here: beyond it are errors of measurement."""

# Before anything is heard of a voice, so many clips of each emotion count as heard: people are
# neutral most of the time.
_PRIOR_CLIPS = {"neutral": 4.0, "calm": 1.0}
_PRIOR_OTHERS = 0.5

_ITERATIONS, _TOLERANCE = 30, 1e-3
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerAdaptation:
    """What a speaker model has learnt of one voice.

    Attributes:
        means: Mean of the scores of each emotion in this voice, shape (labels, scores).
        precisions: Inverse of their covariance, shape (labels, scores, scores).
        biases: Added to the log-likelihood of each emotion: determinants and prior, shape
            (labels,).
        shares: The share of each emotion in what was heard, shape (labels,).
        distance: How far the voice lies from the training speakers: the Mahalanobis distance of its
            offset per dimension; 1 for a voice like theirs.
        clips: Number of clips that were heard.
    """

    means: Floats
    precisions: Floats
    biases: Floats
    shares: Floats
    distance: float
    clips: int


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerModel:
    """Scores of a clip, and their distributions; n functionals, c emotions.

    Attributes:
        mean: Mean of each functional over the training clips, shape (n,).
        scale: Its standard deviation, shape (n,).
        weights: Of the discriminants, shape (n, c).
        centers: Mean scores of each emotion, shape (c, c).
        within: Covariance of the clips of a voice in an emotion, shape (c, c).
        between: Covariance of the offsets of voices, shape (c, c).
        interaction: Covariance of the deviations of an emotion in a voice, shape (c, c).
        prior: Clips of each emotion that count as heard before any is, shape (c,).
        temperature: Divides the logarithms of probabilities, so that confidence is calibrated;
            shape (1,).
    """

    mean: Floats
    scale: Floats
    weights: Floats
    centers: Floats
    within: Floats
    between: Floats
    interaction: Floats
    prior: Floats
    temperature: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Self:
        """Makes a model of arrays by name; see `to_arrays`.

        Raises:
            ValueError: Arrays are missing, have shapes that do not fit, or are not finite.
        """
        missing = [part.name for part in fields(cls) if part.name not in arrays]
        if missing:
            raise ValueError(f"lacks {', '.join(missing)}")
        count, labels = arrays["weights"].shape
        square = (labels, labels)
        wanted = {
            "mean": (count,),
            "scale": (count,),
            "weights": (count, labels),
            "centers": square,
            "within": square,
            "between": square,
            "interaction": square,
            "prior": (labels,),
            "temperature": (1,),
        }
        for name, shape in wanted.items():
            if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} does not fit")
        return cls(**{name: arrays[name] for name in wanted})

    def to_arrays(self) -> dict[str, Floats]:
        """Gives all arrays by name."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    def scores(self, functionals: Matrix) -> Doubles:
        """Computes the scores of clips.

        Args:
            functionals: Shape (clips, n).

        Returns:
            Shape (clips, c).
        """
        standardized = np.clip((functionals - self.mean) / self.scale, -CLIP, CLIP)
        found: Doubles = (standardized @ self.weights).astype(np.float64)
        return found

    def adapt(self, scores: Floats, plain: Floats) -> SpeakerAdaptation:
        """Adapts to a voice by unlabelled clips.

        The iteration is begun with the probabilities of a classifier that does not know the voice,
        with the same weighed by the prior, and with all clips neutral; the solution with the
        greatest posterior density counts.

        Args:
            scores: Of the clips, shape (clips, c); one clip at least.
            plain: Floats of the same clips without adaptation, shape (clips, c).
        """
        prior = self.prior / self.prior.sum()
        neutral = np.full_like(plain, 1e-3, dtype=np.float64)
        neutral[:, int(np.argmax(self.prior))] = 1.0
        weighed = np.asarray(plain, np.float64) * prior
        starts = [np.asarray(plain, np.float64), weighed, neutral]
        found = [self._iterate(scores, start) for start in starts]
        return max(found, key=lambda pair: pair[0])[1]

    def probabilities(self, scores: Floats, adaptation: SpeakerAdaptation) -> Floats:
        """Gives the probability of each emotion for clips of a voice that is known.

        Args:
            scores: Shape (clips, c).
            adaptation: What has been learnt of the voice.

        Returns:
            Shape (clips, c); each row sums to 1.
        """
        return softmax(_log_joint(scores, adaptation) / self.temperature[0])

    def _iterate(self, scores: Floats, responsibilities: Floats) -> tuple[float, SpeakerAdaptation]:
        """Expectation maximization from a first guess of the emotions of the clips.

        Returns:
            The logarithm of the posterior density, but for a constant, and the solution.
        """
        share = responsibilities / responsibilities.sum(axis=1, keepdims=True)
        for _ in range(_ITERATIONS):
            density, adaptation = self._maximize(scores, share)
            joint = _log_joint(scores, adaptation)
            top = joint.max(axis=1)
            before, share = share, softmax(joint)
            total = density + float((top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).sum())
            if np.abs(share - before).max() < _TOLERANCE:
                break
        return total, adaptation

    def _maximize(
        self, scores: Floats, responsibilities: Floats
    ) -> tuple[float, SpeakerAdaptation]:
        """Estimates offset, deviations and shares, given the emotions of the clips.

        Returns:
            The logarithm of the prior density of the estimates, but for a constant, and them.
        """
        size = scores.shape[1]
        counts = responsibilities.sum(axis=0)
        heard = np.flatnonzero(counts > 1e-3)
        sums = responsibilities.T @ scores
        between = np.linalg.inv(self.between)
        # The offset: each emotion that was heard is an observation of it, with its own deviation.
        precision, weighted = between.copy(), np.zeros(size)
        for emotion in heard:
            inverse = np.linalg.inv(self.within / counts[emotion] + self.interaction)
            precision += inverse
            weighted += inverse @ (sums[emotion] / counts[emotion] - self.centers[emotion])
        uncertainty = np.linalg.inv(precision)
        offset = uncertainty @ weighted
        interaction, within = np.linalg.inv(self.interaction), np.linalg.inv(self.within)
        deviation_covariance = np.linalg.inv(interaction + counts[:, None, None] * within)
        residuals = sums - counts[:, None] * (self.centers + offset)
        deviations = np.einsum("cij,cj->ci", deviation_covariance, residuals @ within)
        covariance = self.within + uncertainty + deviation_covariance
        shares = (self.prior + counts) / (self.prior.sum() + len(scores))
        distance = float(offset @ between @ offset)
        density = -0.5 * distance + float(self.prior @ np.log(shares))
        density -= 0.5 * float(np.einsum("ci,ij,cj->", deviations, interaction, deviations))
        return density, SpeakerAdaptation(
            means=self.centers + offset + deviations,
            precisions=np.linalg.inv(covariance),
            biases=np.log(shares) - 0.5 * np.linalg.slogdet(covariance)[1],
            shares=shares,
            distance=float(np.sqrt(distance / size)),
            clips=len(scores),
        )


def prior_clips(labels: Sequence[str]) -> Doubles:
    """Gives how many clips of each emotion count as heard before any is.

    Args:
        labels: Emotion names. Without a neutral one all count alike.

    Returns:
        Shape (labels,).
    """
    if not any(label == "neutral" for label in labels):
        return np.ones(len(labels))
    return np.array([_PRIOR_CLIPS.get(label, _PRIOR_OTHERS) for label in labels])


def _log_joint(scores: Floats, adaptation: SpeakerAdaptation) -> Doubles:
    """Gives the logarithm of the joint density of scores and each emotion, but for a constant."""
    residuals = scores[:, None, :] - adaptation.means
    distances = np.einsum(
        "nci,cij,ncj->nc", residuals, adaptation.precisions, residuals, optimize=True
    )
    found: Doubles = np.maximum(adaptation.biases - 0.5 * distances, np.log(_FLOOR) * 1e6)
    return found
