"""A speaker model: what a clip's emotion is, given how the same voice sounds otherwise.

The model is that of two-covariance speaker recognition (Ioffe, ECCV 2006; Prince and Elder, ICCV
2007) with emotions as the classes: the scores of a clip are the sum of the mean of its emotion, an
offset of the voice (and its microphone, room and language), a deviation of how this voice sounds in
this emotion, and noise of the clip. All four are normally distributed. Offset, deviations and the
share of each emotion in what is heard of a voice are estimated together with the emotions of its
clips by expectation maximization (the shares as in Saerens, Latinne and Decaestecker, Neural
Computation 2002), so no labels are needed. With few clips the estimates stay near the population.

There may be two sets of distributions: of recordings like those of the training, and of unfamiliar
ones, which vary more. Each is estimated, and their answers are averaged by how probable they make
the recording (Bayesian model averaging, with Laplace's approximation of the evidence: Kass and
Raftery, Journal of the American Statistical Association 1995).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

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
class VoiceEstimate:
    """What one set of distributions says of a voice.

    Attributes:
        means: Mean of the scores of each emotion in this voice, shape (labels, scores).
        precisions: Inverse of their covariance, shape (labels, scores, scores).
        biases: Added to the log-likelihood of each emotion: determinants and prior, shape
            (labels,).
        shares: The share of each emotion in what was heard, shape (labels,).
    """

    means: Floats
    precisions: Floats
    biases: Floats
    shares: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerAdaptation:
    """What a speaker model has learnt of one voice.

    Attributes:
        estimates: By each set of distributions.
        weights: The posterior probability of each set; they add up to 1.
        clips: Number of clips that were heard.
    """

    estimates: tuple[VoiceEstimate, ...]
    weights: tuple[float, ...]
    clips: int

    @property
    def unfamiliar(self) -> float:
        """The probability that voice, microphone, room or language are unlike the training's."""
        return float(sum(self.weights[1:]))


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerModel:
    """Scores of a clip, and their distributions; n functionals, c emotions.

    Attributes:
        mean: Mean of each functional over the training clips, shape (n,).
        scale: Its standard deviation, shape (n,).
        weights: Of the discriminants, shape (n, c).
        centers: Mean scores of each emotion, shape (k, c, c): for k sets of distributions, of
            which the first is of recordings like those of the training.
        within: Covariance of the clips of a voice in an emotion, shape (k, c, c).
        between: Covariance of the offsets of voices, shape (k, c, c).
        interaction: Covariance of the deviations of an emotion in a voice, shape (k, c, c).
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
        square = (len(arrays["centers"]), labels, labels)
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

        For each set of distributions, the iteration is begun with the probabilities of a
        classifier that does not know the voice, with the same weighed by the prior, and with all
        clips neutral; the solution with the greatest posterior density counts.

        Args:
            scores: Of the clips, shape (clips, c); one clip at least.
            plain: Probabilities of the same clips without adaptation, shape (clips, c).
        """
        prior = self.prior / self.prior.sum()
        neutral = np.full_like(plain, 1e-3, dtype=np.float64)
        neutral[:, int(np.argmax(self.prior))] = 1.0
        first = np.asarray(plain, np.float64)
        estimates, evidence = [], []
        for number in range(len(self.centers)):
            distributions = _Distributions(
                self.centers[number],
                self.within[number],
                self.between[number],
                self.interaction[number],
                self.prior,
            )
            found = [
                distributions.iterate(scores, start) for start in (first, first * prior, neutral)
            ]
            best = max(found, key=lambda solution: solution[0])
            evidence.append(best[1])
            estimates.append(best[2])
        weights = softmax(np.array([evidence]))[0]
        return SpeakerAdaptation(tuple(estimates), tuple(weights.tolist()), len(scores))

    def probabilities(self, scores: Floats, adaptation: SpeakerAdaptation) -> Floats:
        """Gives the probability of each emotion for clips of a voice that is known.

        Args:
            scores: Shape (clips, c).
            adaptation: What has been learnt of the voice.

        Returns:
            Shape (clips, c); each row sums to 1.
        """
        parts = [
            weight * softmax(_log_joint(scores, estimate) / self.temperature[0])
            for weight, estimate in zip(adaptation.weights, adaptation.estimates, strict=True)
        ]
        found: Floats = np.sum(parts, axis=0)
        return found


@dataclass(frozen=True, eq=False)
class _Distributions:
    """One set of distributions; see `SpeakerModel`."""

    centers: Floats
    within: Floats
    between: Floats
    interaction: Floats
    prior: Floats

    @cached_property
    def _inverses(self) -> tuple[Floats, Floats, Floats]:
        """Inverses of the covariances within, between and of the interaction."""
        inverses = [np.linalg.inv(m) for m in (self.within, self.between, self.interaction)]
        return inverses[0], inverses[1], inverses[2]

    def iterate(
        self, scores: Floats, responsibilities: Floats
    ) -> tuple[float, float, VoiceEstimate]:
        """Expectation maximization from a first guess of the emotions of the clips.

        Returns:
            The logarithms of the posterior density (but for a constant of this set) and of the
            evidence (but for a constant of all sets), and the estimate.
        """
        share = responsibilities / responsibilities.sum(axis=1, keepdims=True)
        for _ in range(_ITERATIONS):
            density, volume, estimate = self._maximize(scores, share)
            joint = _log_joint(scores, estimate)
            top = joint.max(axis=1)
            before, share = share, softmax(joint)
            density += float((top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).sum())
            if np.abs(share - before).max() < _TOLERANCE:
                break
        # Normalizes the priors of the offset and of the deviations.
        normalizer = -0.5 * _log_determinant(self.between)
        normalizer -= 0.5 * len(self.centers) * _log_determinant(self.interaction)
        return density, density + volume + normalizer, estimate

    def _maximize(
        self, scores: Floats, responsibilities: Floats
    ) -> tuple[float, float, VoiceEstimate]:
        """Estimates offset, deviations and shares, given the emotions of the clips.

        Returns:
            The logarithms of the prior density of the estimates, but for a constant, and of the
            volume of their posterior distribution; and the estimates.
        """
        size = scores.shape[1]
        counts = responsibilities.sum(axis=0)
        heard = np.flatnonzero(counts > 1e-3)
        sums = responsibilities.T @ scores
        within, between, interaction = self._inverses
        # The offset: each emotion that was heard is an observation of it, with its own deviation.
        precision, weighted = between.copy(), np.zeros(size)
        for emotion in heard:
            inverse = np.linalg.inv(self.within / counts[emotion] + self.interaction)
            precision += inverse
            weighted += inverse @ (sums[emotion] / counts[emotion] - self.centers[emotion])
        uncertainty = np.linalg.inv(precision)
        offset = uncertainty @ weighted
        deviation_covariance = np.linalg.inv(interaction + counts[:, None, None] * within)
        residuals = sums - counts[:, None] * (self.centers + offset)
        deviations = np.einsum("cij,cj->ci", deviation_covariance, residuals @ within)
        covariance = self.within + uncertainty + deviation_covariance
        shares = (self.prior + counts) / (self.prior.sum() + len(scores))
        density = float(self.prior @ np.log(shares)) - 0.5 * float(offset @ between @ offset)
        density -= 0.5 * float(np.einsum("ci,ij,cj->", deviations, interaction, deviations))
        volume = 0.5 * float(_log_determinant(uncertainty))
        volume += 0.5 * float(np.sum(_log_determinant(deviation_covariance)))
        return (
            density,
            volume,
            VoiceEstimate(
                means=self.centers + offset + deviations,
                precisions=np.linalg.inv(covariance),
                biases=np.log(shares) - 0.5 * _log_determinant(covariance),
                shares=shares,
            ),
        )


def _log_determinant(covariance: Floats) -> Any:
    """Gives the logarithm of the determinant of one or of several positive matrices."""
    return np.linalg.slogdet(covariance)[1]


def prior_clips(labels: Sequence[str]) -> Doubles:
    """Gives how many clips of each emotion count as heard before any is.

    Args:
        labels: Emotion names. Without a neutral one all count alike.

    Returns:
        Shape (labels,).
    """
    if "neutral" not in labels:
        return np.ones(len(labels))
    return np.array([_PRIOR_CLIPS.get(label, _PRIOR_OTHERS) for label in labels])


def _log_joint(scores: Floats, estimate: VoiceEstimate) -> Doubles:
    """Gives the logarithm of the joint density of scores and each emotion, but for a constant."""
    residuals = scores[:, None, :] - estimate.means
    distances = np.einsum(
        "nci,cij,ncj->nc", residuals, estimate.precisions, residuals, optimize=True
    )
    found: Doubles = np.maximum(estimate.biases - 0.5 * distances, np.log(_FLOOR) * 1e6)
    return found
