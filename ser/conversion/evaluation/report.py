"""Summary of assessments: figures with confidence intervals over speakers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ser.arrays import Doubles
from ser.conversion.evaluation.assessment import Assessment
from ser.conversion.pairs import NEUTRAL
from ser.labels import ordered

REAL = "real"
RULES = "rules"
"""Systems that others are compared with."""

STRONG, NORMAL, ALL = "strong", "normal", "all"

# The names of RAVDESS and CREMA-D.
_STRONG = frozenset({"strong", "high"})

RESAMPLES = 2000
"""Draws of the bootstrap."""

SEED = 1
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % confidence interval, by bootstrap over speakers.

    Attributes:
        value: The figure.
        low: Lower end of the interval.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Formats it as in tables."""
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


@dataclass(frozen=True, slots=True)
class ClassifierAccuracy:
    """The accuracy of one evaluation classifier: how often it predicts the target emotion.

    Attributes:
        macro: Mean over the emotions.
        emotions: Accuracy of each emotion.
        over_real: `macro` divided by that on the real targets.
        emotions_over_real: `emotions` likewise; None where that of the real targets is 0.
        above_rules: `macro` minus that of the rules.
        confusion: Counts, rows are target and columns predicted emotions.
        diagonal: Whether the only largest number of each row is on the diagonal.
    """

    macro: Estimate
    emotions: Mapping[str, float]
    over_real: Estimate | None
    emotions_over_real: Mapping[str, float | None]
    above_rules: Estimate | None
    confusion: tuple[tuple[int, ...], ...]
    diagonal: bool


@dataclass(frozen=True, slots=True)
class StrengthFigures:
    """The figures of the conversions to one intensity.

    Attributes:
        outputs: Number of conversions.
        classifiers: Accuracy by evaluation classifier.
        speaker: How often the speaker is recognized. This and all below exclude neutral targets,
            which unconverted speech already has.
        words: How often the sentence is recognized.
        pitch: Distance of F0 to the real targets in semitones: the median over conversions of the
            median over takes.
        duration: Likewise of the duration in seconds.
        envelope: Likewise the mel-cepstral distortion in decibels.
    """

    outputs: int
    classifiers: Mapping[str, ClassifierAccuracy]
    speaker: Estimate
    words: Estimate
    pitch: Estimate | None
    duration: Estimate | None
    envelope: Estimate | None


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """The figures of several systems.

    Attributes:
        emotions: The order of rows and columns of confusion matrices.
        actors: The speakers of the sources.
        systems: By system, by intensity: ``strong`` (neutral included), ``normal`` and ``all``.
        resamples: Draws of the bootstrap.
        level: Of the confidence intervals.
        notes: On how to read the figures.
    """

    emotions: tuple[str, ...]
    actors: tuple[str, ...]
    systems: Mapping[str, Mapping[str, StrengthFigures]]
    resamples: int = RESAMPLES
    level: float = LEVEL
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Gives all figures as plain JSON types; classifiers are called ``judges`` there."""
        values = asdict(self)
        values["systems"] = {
            system: {strength: _renamed(figures) for strength, figures in groups.items()}
            for system, groups in values["systems"].items()
        }
        return values


def summarize(
    assessments: Mapping[str, Sequence[Assessment]], *, notes: Sequence[str] = (), seed: int = SEED
) -> ConversionReport:
    """Summarizes assessments.

    Args:
        assessments: Of all folds, by system. Intervals of differences and ratios draw the same
            speakers for both sides.
        notes: For the report.
        seed: Of the bootstrap.
    """
    pooled = [one for group in assessments.values() for one in group]
    emotions = tuple(ordered({one.emotion for one in pooled}))
    actors = tuple(sorted({one.speaker for one in pooled}))
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(actors), np.full(len(actors), 1 / len(actors)), size=RESAMPLES)
    bootstrap = _Bootstrap(emotions, actors, draws.astype(np.float64))
    stated = {one.intensity for one in pooled if one.emotion != NEUTRAL}
    strengths = [
        *([STRONG] if stated & _STRONG else []),
        *([NORMAL] if NORMAL in stated else []),
        ALL,
    ]
    systems = {
        name: {
            strength: bootstrap.figures(
                [one for one in group if _has_strength(one, strength)],
                {
                    other: [one for one in assessments[other] if _has_strength(one, strength)]
                    for other in (REAL, RULES)
                    if other in assessments
                },
                is_rules=name == RULES,
            )
            for strength in strengths
            if any(_has_strength(one, strength) for one in group)
        }
        for name, group in assessments.items()
    }
    return ConversionReport(emotions, actors, systems, notes=tuple(notes))


def _renamed(figures: dict[str, Any]) -> dict[str, Any]:
    # The name in files and in the output of ser-stats.
    return {("judges" if name == "classifiers" else name): value for name, value in figures.items()}


def _has_strength(one: Assessment, strength: str) -> bool:
    if strength == STRONG:
        return one.intensity in _STRONG or one.emotion == NEUTRAL
    if strength == NORMAL:
        return one.intensity == "normal"
    return True


@dataclass(frozen=True, slots=True, eq=False)
class _Bootstrap:
    """Computes figures over all speakers, and over bootstrap draws of speakers.

    Attributes:
        emotions: The order of rows and columns of confusion matrices.
        actors: The speakers.
        draws: How often each speaker is drawn, (resamples, speakers).
    """

    emotions: tuple[str, ...]
    actors: tuple[str, ...]
    draws: Doubles

    def figures(
        self,
        assessments: Sequence[Assessment],
        others: Mapping[str, Sequence[Assessment]],
        *,
        is_rules: bool,
    ) -> StrengthFigures:
        """Computes all figures of a system, in comparison with others."""
        names = tuple(assessments[0].predicted_emotions)
        # Unconverted speech has the speaker, the words and the F0 of a neutral target.
        changed = [one for one in assessments if one.emotion != NEUTRAL] or assessments
        return StrengthFigures(
            outputs=len(assessments),
            classifiers={
                name: self.accuracy(
                    self.confusions(assessments, name),
                    {
                        other: self.confusions(group, name)
                        for other, group in others.items()
                        if group
                    },
                    is_rules=is_rules,
                )
                for name in names
            },
            speaker=self.rate(changed, lambda one: one.speaker == one.predicted_speaker),
            words=self.rate(changed, lambda one: one.text == one.predicted_text),
            pitch=self.median(changed, "pitch"),
            duration=self.median(changed, "duration"),
            envelope=self.median(changed, "envelope"),
        )

    def accuracy(
        self, counts: Doubles, others: Mapping[str, Doubles], *, is_rules: bool
    ) -> ClassifierAccuracy:
        """Computes the accuracy of a classifier from confusion matrices by speaker."""
        confusion = counts.sum(axis=0)
        occurs = confusion.sum(axis=1) > 0
        real = others.get(REAL)
        rules = None if is_rules else others.get(RULES)
        recalls = _recalls(confusion[None])[0]
        real_recalls = None if real is None else _recalls(real.sum(axis=0)[None])[0]
        off_diagonal = confusion - np.diag(np.diag(confusion))
        return ClassifierAccuracy(
            macro=self.estimate(lambda w: _macro_recall(_weigh(w, counts))),
            emotions={e: float(recalls[i]) for i, e in enumerate(self.emotions) if occurs[i]},
            over_real=None
            if real is None
            else self.estimate(
                lambda w: _ratio(_macro_recall(_weigh(w, counts)), _macro_recall(_weigh(w, real)))
            ),
            emotions_over_real={}
            if real_recalls is None
            else {
                e: float(recalls[i] / real_recalls[i]) if real_recalls[i] > 0 else None
                for i, e in enumerate(self.emotions)
                if occurs[i]
            },
            above_rules=None
            if rules is None
            else self.estimate(
                lambda w: _macro_recall(_weigh(w, counts)) - _macro_recall(_weigh(w, rules))
            ),
            confusion=tuple(tuple(int(n) for n in row) for row in confusion),
            diagonal=bool((np.diag(confusion) > off_diagonal.max(axis=1))[occurs].all()),
        )

    def confusions(self, assessments: Sequence[Assessment], classifier: str) -> Doubles:
        """Counts confusions by speaker, (speakers, emotions, emotions)."""
        place = {name: i for i, name in enumerate(self.emotions)}
        counts = np.zeros((len(self.actors), len(place), len(place)))
        for one in assessments:
            row = self.actors.index(one.speaker), place[one.emotion]
            counts[(*row, place[one.predicted_emotions[classifier]])] += 1
        return counts

    def rate(
        self, assessments: Sequence[Assessment], is_right: Callable[[Assessment], bool]
    ) -> Estimate:
        """Computes how often a condition holds."""
        hits, totals = np.zeros(len(self.actors)), np.zeros(len(self.actors))
        for one in assessments:
            actor = self.actors.index(one.speaker)
            hits[actor] += is_right(one)
            totals[actor] += 1
        return self.estimate(lambda w: _ratio(w @ hits, w @ totals))

    def median(self, assessments: Sequence[Assessment], name: str) -> Estimate | None:
        """Computes the median of a distance; None where there is none."""
        by_actor: list[list[float]] = [[] for _ in self.actors]
        for one in assessments:
            distances = [getattr(distance, name) for distance in one.distances]
            known = [value for value in distances if value is not None]
            if known:
                by_actor[self.actors.index(one.speaker)].append(float(np.median(known)))
        values = np.array([value for group in by_actor for value in group])
        if not len(values):
            return None
        order = values.argsort()
        rising = values[order]
        actors = np.repeat(np.arange(len(by_actor)), [len(group) for group in by_actor])[order]

        def weighted_median(weights: Doubles) -> Doubles:
            # Each value counts as often as its speaker was drawn.
            counts = weights[:, actors].cumsum(axis=1)
            half = (counts < counts[:, -1:] / 2).sum(axis=1)
            medians: Doubles = rising[np.minimum(half, len(rising) - 1)]
            return medians

        interval = self.estimate(weighted_median)
        return Estimate(float(np.median(values)), interval.low, interval.high)

    def estimate(self, statistic: Callable[[Doubles], Doubles]) -> Estimate:
        """Computes a statistic of weights of speakers, (n, speakers) to (n,), and its interval."""
        values = statistic(self.draws)
        ends = np.nanpercentile(values, (50 * (1 - LEVEL), 50 * (1 + LEVEL)))
        value = statistic(np.ones((1, len(self.actors))))[0]
        return Estimate(float(value), float(ends[0]), float(ends[1]))


def _weigh(weights: Doubles, counts: Doubles) -> Doubles:
    """Sums confusion matrices by speaker with weights, (n, speakers) to (n, emotions, emotions)."""
    weighted: Doubles = np.einsum("da,aij->dij", weights, counts)
    return weighted


def _recalls(confusions: Doubles) -> Doubles:
    """Computes the recall of each row of (n, emotions, emotions); NaN for an empty row."""
    support = confusions.sum(axis=2)
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    recalls: Doubles = np.divide(
        hits, support, out=np.full_like(support, np.nan), where=support > 0
    )
    return recalls


def _macro_recall(confusions: Doubles) -> Doubles:
    recalls = _recalls(confusions)
    occurs = ~np.isnan(recalls)
    return _ratio(np.where(occurs, recalls, 0).sum(axis=1), occurs.sum(axis=1).astype(np.float64))


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    ratio: Doubles = np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    return ratio
