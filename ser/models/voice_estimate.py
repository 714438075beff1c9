"""What is learnt of one voice by one set of distributions and one prior; see `SpeakerModel`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ser.arrays import Doubles, Floats, Indices
from ser.models.calibration import softmax

# Divides logarithms of probabilities while a voice is learnt.
_LEARNING_TEMPERATURE = 2.0
# How much the shares of the emotions in what was heard count in an answer: with 1 there are fewer
# errors, and rare emotions are found less often.
_SHARES_WEIGHT = 0.7
_ITERATIONS, _TOLERANCE = 30, 1e-3
_EVENING_STEPS = 30
_FLOOR = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class VoiceEstimate:
    """What one set of distributions says of a voice, for the p emotions that occur.

    Attributes:
        means: Mean of the scores of each emotion in this voice, shape (p, scores).
        precisions: Inverse of their covariance, shape (p, scores, scores).
        biases: Added to the log-likelihood of each emotion: determinants and prior, shape (p,).
        shares: The share of each emotion in what was heard, shape (p,).
        occurring: The number of each of these emotions among all, shape (p,).
        labels: How many emotions there are in all.
    """

    means: Floats
    precisions: Floats
    biases: Floats
    shares: Floats
    occurring: Indices
    labels: int

    def log_joint(self, scores: Floats) -> Doubles:
        """Gives the logarithm of the joint density of clips and each emotion, but for a constant.

        Args:
            scores: Shape (clips, scores).

        Returns:
            Shape (clips, p).
        """
        residuals = scores - self.means[:, None, :]
        distances = ((residuals @ self.precisions) * residuals).sum(axis=2)
        found: Doubles = self.biases - 0.5 * distances.T
        return found

    def responsibilities(self, scores: Floats) -> Floats:
        """Gives how probable each emotion is of each clip, as it counts while a voice is learnt."""
        return self._among_all(softmax(self.log_joint(scores) / _LEARNING_TEMPERATURE))

    def answer(self, scores: Floats, temperature: float) -> Floats:
        """Gives the probability of each emotion, shape (clips, labels)."""
        log_answer = self.log_joint(scores) - (1 - _SHARES_WEIGHT) * np.log(self.shares)
        return self._among_all(softmax(log_answer / temperature))

    def _among_all(self, probabilities: Floats) -> Floats:
        """Adds the emotions that do not occur, with probability 0."""
        found: Floats = np.zeros((len(probabilities), self.labels))
        found[:, self.occurring] = probabilities
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """Where an iteration ended.

    Attributes:
        density: The logarithm of the posterior density, but for a constant of this set and prior.
        evidence: The logarithm of the evidence, but for a constant of all.
        estimate: The estimate.
    """

    density: float
    evidence: float
    estimate: VoiceEstimate


@dataclass(frozen=True, eq=False)
class Distributions:
    """One set of distributions with one prior; see `SpeakerModel`."""

    centers: Floats
    within: Floats
    between: Floats
    interaction: Floats
    prior: Floats

    @cached_property
    def _occurring(self) -> Indices:
        """The numbers of the emotions that the prior does not exclude."""
        return np.flatnonzero(self.prior)

    @cached_property
    def _centers(self) -> Floats:
        return self.centers[self._occurring]

    @cached_property
    def _prior(self) -> Floats:
        return self.prior[self._occurring]

    @cached_property
    def _inverses(self) -> tuple[Floats, Floats, Floats]:
        """Inverses of the covariances within, between and of the interaction."""
        inverses = [np.linalg.inv(m) for m in (self.within, self.between, self.interaction)]
        return inverses[0], inverses[1], inverses[2]

    @cached_property
    def _normalizer(self) -> float:
        """The logarithm of what normalizes the priors of offset, deviations and shares."""
        found = -0.5 * float(_log_determinant(self.between))
        found -= 0.5 * len(self._centers) * float(_log_determinant(self.interaction))
        counts = [math.lgamma(value + 1) for value in self._prior.tolist()]
        return found + math.lgamma(self._prior.sum() + len(self._prior)) - sum(counts)

    def best(
        self, scores: Floats, starts: Sequence[Floats], before: Solution | None = None
    ) -> Solution:
        """Gives the solution with the greatest posterior density, of several first guesses."""
        found = [self._iterate(scores, start) for start in starts]
        if before is not None:
            found.append(before)
        return max(found, key=lambda solution: solution.density)

    def _iterate(self, scores: Floats, responsibilities: Floats) -> Solution:
        """Expectation maximization from a first guess of the emotions of the clips."""
        share = responsibilities[:, self._occurring]
        share = share / share.sum(axis=1, keepdims=True)
        for _ in range(_ITERATIONS):
            density, volume, estimate = self._maximize(scores, share)
            joint = estimate.log_joint(scores) / _LEARNING_TEMPERATURE
            top = joint.max(axis=1)
            before, share = share, softmax(joint)
            likelihood = float((top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).sum())
            density += _LEARNING_TEMPERATURE * likelihood
            if np.abs(share - before).max() < _TOLERANCE:
                break
        # The shares are as certain as the counts that they come from.
        free = len(self._prior) - 1
        volume += 0.5 * float(np.log(estimate.shares).sum())
        volume += 0.5 * free * math.log(2 * math.pi / (self._prior.sum() + len(scores)))
        return Solution(density, density + volume + self._normalizer, estimate)

    def _maximize(
        self, scores: Floats, responsibilities: Floats
    ) -> tuple[float, float, VoiceEstimate]:
        """Estimates offset, deviations and shares, given the emotions of the clips.

        Returns:
            The logarithms of the prior density of the estimates, but for a constant, and of the
            volume of their posterior distribution; and the estimates.
        """
        counts = responsibilities.sum(axis=0)
        heard = np.flatnonzero(counts > 1e-3)
        sums = responsibilities.T @ scores
        within, between, interaction = self._inverses
        # The offset: each emotion that was heard is an observation of it, with its own deviation.
        numbers = counts[heard, None, None]
        inverses = np.linalg.inv(self.within / numbers + self.interaction)
        observed = sums[heard] / counts[heard, None] - self._centers[heard]
        precision = between + inverses.sum(axis=0)
        weighted = (inverses @ observed[:, :, None]).sum(axis=(0, 2))
        uncertainty = np.linalg.inv(precision)
        offset = uncertainty @ weighted
        deviation_covariance = np.linalg.inv(interaction + counts[:, None, None] * within)
        residuals = sums - counts[:, None] * (self._centers + offset)
        deviations = (deviation_covariance @ (residuals @ within)[:, :, None])[:, :, 0]
        covariance = self.within + uncertainty + deviation_covariance
        shares = (self._prior + counts) / (self._prior.sum() + len(scores))
        density = float(self._prior @ np.log(shares)) - 0.5 * float(offset @ between @ offset)
        density -= 0.5 * float(((deviations @ interaction) * deviations).sum())
        volume = 0.5 * float(_log_determinant(uncertainty))
        volume += 0.5 * float(np.sum(_log_determinant(deviation_covariance)))
        return (
            density,
            volume,
            VoiceEstimate(
                means=self._centers + offset + deviations,
                precisions=np.linalg.inv(covariance),
                biases=np.log(shares) - 0.5 * _log_determinant(covariance),
                shares=shares,
                occurring=self._occurring,
                labels=len(self.prior),
            ),
        )


def _log_determinant(covariance: Floats) -> Any:
    """Gives the logarithm of the determinant of one or of several positive matrices."""
    return np.linalg.slogdet(covariance)[1]


def even(plain: Floats) -> Floats:
    """Shifts the logarithms of probabilities so that all emotions are equally probable on average.

    Args:
        plain: Shape (clips, c).

    Returns:
        The same shape; each row sums to 1.
    """
    logs = np.log(np.maximum(plain, _FLOOR))
    found = plain
    for _ in range(_EVENING_STEPS):
        logs -= np.log(np.maximum(found.mean(axis=0), _FLOOR))
        found = softmax(logs)
    return found
