"""A speaker model: what a clip's emotion is, given how the same voice sounds otherwise.

The model is that of two-covariance speaker recognition (Ioffe, ECCV 2006; Prince and Elder, ICCV
2007) with emotions as the classes: the scores of a clip are the sum of the mean of its emotion, an
offset of the voice (and its microphone, room and language), a deviation of how this voice sounds in
this emotion, and noise of the clip. All four are normally distributed. Offset, deviations and the
share of each emotion in what is heard of a voice are estimated together with the emotions of its
clips by expectation maximization (the shares as in Saerens, Latinne and Decaestecker, Neural
Computation 2002), so no labels are needed. With few clips the estimates stay near the population.

There may be two sets of distributions: of recordings like those of the training, and of unfamiliar
ones, which vary more. And there are two priors of what a recording holds: mostly neutral speech, as
people talk, or all emotions alike, as actors record them. Each set is estimated with each prior,
and the answers are averaged by how probable they make the recording (Bayesian model averaging, with
Laplace's approximation of the evidence: Kass and Raftery, Journal of the American Statistical
Association 1995).

While a voice is learnt, the logarithms of probabilities count half. Without that, expectation
maximization is too sure of its first guesses, and ends in solutions where emotions have changed
places (deterministic annealing: Ueda and Nakano, Neural Networks 1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from ser.arrays import Doubles, Floats, Matrix
from ser.models.calibration import softmax
from ser.models.voice_estimate import (
    Distributions,
    VoiceEstimate,
    even,
)

CLIP = 5.0
"""Standardized functionals are clipped here: beyond it are errors of measurement."""

# Before anything is heard of a voice, so many clips of each emotion count as heard: people are
# neutral most of the time.
_PRIOR_CLIPS = {"neutral": 4.0, "calm": 1.0}
_PRIOR_OTHERS = 0.5
# The same where a recording holds all emotions alike.
_PRIOR_ALIKE = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerAdaptation:
    """What a speaker model has learnt of one voice.

    Attributes:
        estimates: By each set of distributions with each prior.
        weights: The posterior probability of each of them; they add up to 1.
        unfamiliar: The probability that voice, microphone, room or language are unlike the
            training's.
        clips: Number of clips that were heard.
    """

    estimates: tuple[VoiceEstimate, ...]
    weights: tuple[float, ...]
    unfamiliar: float
    clips: int


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
        prior: Clips of each emotion that count as heard before any is, shape (p, c): for p kinds
            of recordings, of which the first is the usual one.
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
        # Models of before had one prior, without the first axis.
        arrays = {**arrays, "prior": np.atleast_2d(arrays["prior"])}
        wanted = {
            "mean": (count,),
            "scale": (count,),
            "weights": (count, labels),
            "centers": square,
            "within": square,
            "between": square,
            "interaction": square,
            "prior": (len(arrays["prior"]), labels),
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

        For each set of distributions and each prior, the iteration is begun with the probabilities
        of a classifier that does not know the voice, with the same weighed by the prior, with the
        same so shifted that all emotions are alike, with all clips neutral, and with the solution
        of the other prior; the solution with the greatest posterior density counts.

        Args:
            scores: Of the clips, shape (clips, c); one clip at least.
            plain: Probabilities of the same clips without adaptation, shape (clips, c).
        """
        plain = np.asarray(plain, np.float64)
        neutral = np.full_like(plain, 1e-3)
        neutral[:, int(np.argmax(self.prior[0]))] = 1.0
        starts = [plain, even(plain), neutral]
        estimates, evidence, sets = [], [], []
        for number in range(len(self.centers)):
            distributions = [
                Distributions(
                    self.centers[number],
                    self.within[number],
                    self.between[number],
                    self.interaction[number],
                    prior,
                )
                for prior in self.prior
            ]
            solutions = [
                each.best(scores, [*starts, plain * each.prior / each.prior.sum()])
                for each in distributions
            ]
            for each, solution in zip(distributions, solutions, strict=True):
                others = [
                    other.estimate.responsibilities(scores)
                    for other in solutions
                    if other is not solution
                ]
                found = each.best(scores, others, solution)
                estimates.append(found.estimate)
                evidence.append(found.evidence)
                sets.append(number)
        weights = softmax(np.array([evidence]))[0]
        return SpeakerAdaptation(
            tuple(estimates),
            tuple(weights.tolist()),
            float(weights[np.array(sets) > 0].sum()),
            len(scores),
        )

    def probabilities(self, scores: Floats, adaptation: SpeakerAdaptation) -> Floats:
        """Gives the probability of each emotion for clips of a voice that is known.

        Args:
            scores: Shape (clips, c).
            adaptation: What has been learnt of the voice.

        Returns:
            Shape (clips, c); each row sums to 1.
        """
        parts = [
            weight * softmax(estimate.log_answer(scores) / self.temperature[0])
            for weight, estimate in zip(adaptation.weights, adaptation.estimates, strict=True)
        ]
        found: Floats = np.sum(parts, axis=0)
        return found


def prior_clips(labels: Sequence[str]) -> Doubles:
    """Gives how many clips of each emotion count as heard before any is.

    Args:
        labels: Emotion names.

    Returns:
        Shape (2, labels): where people are neutral most of the time, and where all emotions are
        alike; shape (1, labels) without a neutral one.
    """
    alike = np.full(len(labels), _PRIOR_ALIKE)
    if "neutral" not in labels:
        return alike[None]
    usual = np.array([_PRIOR_CLIPS.get(label, _PRIOR_OTHERS) for label in labels])
    return np.stack([usual, alike])
