"""A speaker model: what a clip's emotion is, given how the same voice sounds otherwise.

The model is that of two-covariance speaker recognition (Ioffe, ECCV 2006; Prince and Elder, ICCV
2007) with emotions as the classes: the scores of a clip are the sum of the mean of its emotion, an
offset of the voice (and its microphone, room and language), a deviation of how this voice sounds in
this emotion, and noise of the clip. All four are normally distributed. Offset, deviations and the
share of each emotion in what is heard of a voice are estimated together with the emotions of its
clips by expectation maximization (the shares as in Saerens, Latinne and Decaestecker, Neural
Computation 2002), so no labels are needed. With few clips the estimates stay near the population.

There may be two sets of distributions: of recordings like those of the training, and of unfamiliar
ones, which vary more. Each comes with priors of what a recording holds, and a set with one of its
priors is a hypothesis. A familiar recording is mostly neutral speech, as people talk, or has all
emotions alike, as actors record them. An unfamiliar one is mostly neutral speech, and calm is no
emotion of its own there: calm is a manner of the actors of one corpus, which other people's neutral
speech is easily mistaken for. The answers of the hypotheses are averaged by how probable they make
the recording (Bayesian model averaging, with Laplace's approximation of the evidence: Kass and
Raftery, Journal of the American Statistical Association 1995).

While a voice is learnt, the logarithms of probabilities count half. Without that, expectation
maximization is too sure of its first guesses, and ends in solutions where emotions have changed
places (deterministic annealing: Ueda and Nakano, Neural Networks 1998).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from ser.arrays import Doubles, Floats, Indices, Matrix
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
# The same for voices that are unlike the training's: in all, and the share of neutral ones.
_PRIOR_UNFAMILIAR, _NEUTRAL_SHARE = 60.0, 0.7
# Shares that somebody knows count as so many clips: what is heard hardly changes them.
_CERTAIN = 1e4
_NEUTRAL, _CALM = "neutral", "calm"


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerAdaptation:
    """What a speaker model has learnt of one voice.

    Attributes:
        estimates: By each hypothesis.
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
        prior: Clips of each emotion that count as heard before any is, shape (h, c): for h
            hypotheses. Emotions of which there are 0 do not occur.
        sets: The set of distributions of each hypothesis, in ascending order, shape (h,).
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
    sets: Indices
    temperature: Floats

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Floats]) -> Self:
        """Makes a model of arrays by name; see `to_arrays`.

        Raises:
            ValueError: Arrays are missing, have shapes that do not fit, or are not finite.
        """
        if "sets" not in arrays and {"centers", "prior"} <= set(arrays):
            # Models of before had the same priors, or one prior, for each set.
            prior, count = np.atleast_2d(arrays["prior"]), len(arrays["centers"])
            arrays = {
                **arrays,
                "prior": np.tile(prior, (count, 1)),
                "sets": np.repeat(np.arange(count, dtype=np.float64), len(prior)),
            }
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
            "prior": (len(arrays["prior"]), labels),
            "sets": (len(arrays["prior"]),),
            "temperature": (1,),
        }
        for name, shape in wanted.items():
            if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                raise ValueError(f"{name} does not fit")
        if not np.isin(arrays["sets"], np.arange(square[0])).all() or not len(arrays["sets"]):
            raise ValueError("sets does not fit")
        if (arrays["prior"] < 0).any() or not (arrays["prior"] > 0).any(axis=1).all():
            raise ValueError("prior does not fit")
        others = {name: arrays[name] for name in wanted if name != "sets"}
        return cls(**others, sets=arrays["sets"].astype(np.intp))

    def to_arrays(self) -> dict[str, Floats]:
        """Gives all arrays by name; of an artifact they are all of floating-point numbers."""
        found = {part.name: getattr(self, part.name) for part in fields(self)}
        return {**found, "sets": self.sets.astype(np.float64)}

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

    def adapt(
        self, scores: Floats, plain: Floats, shares: Floats | None = None
    ) -> SpeakerAdaptation:
        """Adapts to a voice by unlabelled clips.

        For each hypothesis, the iteration is begun with the probabilities of a classifier that does
        not know the voice, with the same weighed by the prior, with the same so shifted that all
        emotions are alike, with all clips neutral, and with the solutions of the other priors of
        the same set; the solution with the greatest posterior density counts.

        Args:
            scores: Of the clips, shape (clips, c); one clip at least.
            plain: Probabilities of the same clips without adaptation, shape (clips, c).
            shares: The share of each emotion in what the voice says, where somebody knows it,
                shape (c,); it is the only prior of each set then.
        """
        if shares is not None:
            prior = np.tile(_CERTAIN * np.asarray(shares, np.float64), (len(self.centers), 1))
            told = replace(self, prior=prior, sets=np.arange(len(self.centers)))
            return told.adapt(scores, plain)
        plain = np.asarray(plain, np.float64)
        neutral = np.full_like(plain, 1e-3)
        neutral[:, int(np.argmax(self.prior[0]))] = 1.0
        hypotheses = [self._distributions(number) for number in range(len(self.prior))]
        solutions = [
            each.best(scores, [plain, even(plain), neutral, plain * each.prior / each.prior.sum()])
            for each in hypotheses
        ]
        best = []
        for number, (each, solution) in enumerate(zip(hypotheses, solutions, strict=True)):
            others = [
                solutions[other].estimate.responsibilities(scores)
                for other in np.flatnonzero(self.sets == self.sets[number]).tolist()
                if other != number
            ]
            best.append(each.best(scores, others, solution))
        weights = softmax(np.array([[solution.evidence for solution in best]]))[0]
        return SpeakerAdaptation(
            tuple(solution.estimate for solution in best),
            tuple(weights.tolist()),
            float(weights[self.sets > 0].sum()),
            len(scores),
        )

    def _distributions(self, number: int) -> Distributions:
        """Gives the distributions and the prior of a hypothesis."""
        chosen = int(self.sets[number])
        return Distributions(
            self.centers[chosen],
            self.within[chosen],
            self.between[chosen],
            self.interaction[chosen],
            self.prior[number],
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
            weight * estimate.answer(scores, float(self.temperature[0]))
            for weight, estimate in zip(adaptation.weights, adaptation.estimates, strict=True)
        ]
        found: Floats = np.sum(parts, axis=0)
        return found


def prior_clips(labels: Sequence[str], sets: int) -> tuple[Doubles, Indices]:
    """Gives the hypotheses of a speaker model: how many clips of each emotion count as heard.

    Args:
        labels: Emotion names.
        sets: How many sets of distributions there are: 1, or 2 where the second is of voices that
            are unlike the training's.

    Returns:
        The arrays `prior` and `sets` of a `SpeakerModel`. Without a neutral emotion, all emotions
        are alike.
    """
    alike = np.full(len(labels), _PRIOR_ALIKE)
    if _NEUTRAL not in labels:
        return np.tile(alike, (sets, 1)), np.arange(sets)
    usual = np.array([_PRIOR_CLIPS.get(label, _PRIOR_OTHERS) for label in labels])
    if sets == 1:
        return np.stack([usual, alike]), np.array([0, 0])
    others = [label for label in labels if label not in (_NEUTRAL, _CALM)]
    shares = {label: (1 - _NEUTRAL_SHARE) / len(others) for label in others}
    shares[_NEUTRAL] = _NEUTRAL_SHARE
    unfamiliar = np.array([_PRIOR_UNFAMILIAR * shares.get(label, 0.0) for label in labels])
    return np.stack([usual, alike, unfamiliar]), np.array([0, 0, 1])
