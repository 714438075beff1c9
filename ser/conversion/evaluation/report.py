"""From answers to figures, with intervals over actors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ser.arrays import Doubles
from ser.conversion.evaluation.panel import Assessment
from ser.conversion.pairs import NEUTRAL
from ser.labels import ordered

REAL = "real"
RULES = "rules"
"""Names of the systems that others are compared with."""

STRONG, NORMAL, ALL = "strong", "normal", "all"

# What RAVDESS and CREMA-D call it.
_STRONG = frozenset({"strong", "high"})

RESAMPLES = 2000
SEED = 1
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95 % interval, a bootstrap over actors.

    Attributes:
        value: Over all of them.
        low: Lower end.
        high: Upper end.
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Writes it as tables have it."""
        return f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


@dataclass(frozen=True, slots=True)
class ClassifierAccuracy:
    """How often one judge hears what was asked for.

    Attributes:
        macro: Mean of the emotions.
        emotions: Share of right answers for each.
        over_real: `macro` as a multiple of the same judge's on the real targets.
        emotions_over_real: `emotions` likewise; None where the judge never recognises the real.
        above_rules: `macro` less that of the rules.
        confusion: Outputs, rows what was asked for and columns what was heard.
        diagonal: Whether every row's largest number is on the diagonal, alone.
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
    """The figures of the outputs that were asked for in one strength.

    Attributes:
        outputs: How many.
        judges: By judge.
        speaker: How often the voice is taken for its own. This and all below are without neutral
            as a target, which whoever does nothing is right in.
        words: How often the sentence is.
        pitch: Median over outputs of their distance in semitones to the real targets, that being
            the median over takes.
        duration: Likewise in seconds.
        envelope: Likewise in decibels: mel-cepstral distortion.
    """

    outputs: int
    judges: Mapping[str, ClassifierAccuracy]
    speaker: Estimate
    words: Estimate
    pitch: Estimate | None
    duration: Estimate | None
    envelope: Estimate | None


@dataclass(frozen=True, slots=True)
class ConversionReport:
    """Everything about several systems.

    Attributes:
        emotions: The order of rows and columns of confusions.
        actors: Who was translated.
        systems: By system, by strength: ``strong`` (neutral, which has one, among them),
            ``normal`` and ``all``.
        resamples: Draws of the bootstrap.
        level: Of the intervals.
        notes: What has to be known to read the figures.
    """

    emotions: tuple[str, ...]
    actors: tuple[str, ...]
    systems: Mapping[str, Mapping[str, StrengthFigures]]
    resamples: int = RESAMPLES
    level: float = LEVEL
    notes: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Gives everything as plain JSON types."""
        return asdict(self)


def summarize(
    answers: Mapping[str, Sequence[Assessment]], *, notes: Sequence[str] = (), seed: int = SEED
) -> ConversionReport:
    """Turns answers into figures.

    Args:
        answers: Of all folds together, by system. Intervals of differences and ratios draw the same
            actors for both sides.
        notes: Kept in the report.
        seed: Of the bootstrap.
    """
    everything = [answer for some in answers.values() for answer in some]
    emotions = tuple(ordered({answer.emotion for answer in everything}))
    actors = tuple(sorted({answer.speaker for answer in everything}))
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(actors), np.full(len(actors), 1 / len(actors)), size=RESAMPLES)
    summary = _Summary(emotions, actors, draws.astype(np.float64))
    stated = {answer.intensity for answer in everything if answer.emotion != NEUTRAL}
    strengths = [
        *([STRONG] if stated & _STRONG else []),
        *([NORMAL] if NORMAL in stated else []),
        ALL,
    ]
    systems = {
        name: {
            strength: summary.group(
                [answer for answer in some if _in(answer, strength)],
                {
                    other: [answer for answer in answers[other] if _in(answer, strength)]
                    for other in (REAL, RULES)
                    if other in answers
                },
                is_rules=name == RULES,
            )
            for strength in strengths
            if any(_in(answer, strength) for answer in some)
        }
        for name, some in answers.items()
    }
    return ConversionReport(emotions, actors, systems, notes=tuple(notes))


def _in(answer: Assessment, strength: str) -> bool:
    if strength == STRONG:
        return answer.intensity in _STRONG or answer.emotion == NEUTRAL
    if strength == NORMAL:
        return answer.intensity == "normal"
    return True


@dataclass(frozen=True, slots=True, eq=False)
class _Summary:
    emotions: tuple[str, ...]
    actors: tuple[str, ...]
    draws: Doubles

    def group(
        self,
        answers: Sequence[Assessment],
        others: Mapping[str, Sequence[Assessment]],
        *,
        is_rules: bool,
    ) -> StrengthFigures:
        names = tuple(answers[0].predicted_emotions)
        # Whoever does nothing has the voice, the words and the pitch of a neutral target.
        changed = [answer for answer in answers if answer.emotion != NEUTRAL] or answers
        return StrengthFigures(
            outputs=len(answers),
            judges={
                name: self.accuracy(
                    self.confusions(answers, name),
                    {other: self.confusions(some, name) for other, some in others.items() if some},
                    is_rules=is_rules,
                )
                for name in names
            },
            speaker=self.rate(changed, lambda answer: answer.speaker == answer.predicted_speaker),
            words=self.rate(changed, lambda answer: answer.text == answer.predicted_text),
            pitch=self.median(changed, "pitch"),
            duration=self.median(changed, "duration"),
            envelope=self.median(changed, "envelope"),
        )

    def accuracy(
        self, own: Doubles, others: Mapping[str, Doubles], *, is_rules: bool
    ) -> ClassifierAccuracy:
        confusion = own.sum(axis=0)
        there = confusion.sum(axis=1) > 0
        real = others.get(REAL)
        rules = None if is_rules else others.get(RULES)
        recalls = _recalls(own.sum(axis=0)[None])[0]
        real_recalls = None if real is None else _recalls(real.sum(axis=0)[None])[0]
        off = confusion - np.diag(np.diag(confusion))
        return ClassifierAccuracy(
            macro=self.figure(lambda w: _macro(_drawn(w, own))),
            emotions={e: float(recalls[i]) for i, e in enumerate(self.emotions) if there[i]},
            over_real=None
            if real is None
            else self.figure(lambda w: _ratio(_macro(_drawn(w, own)), _macro(_drawn(w, real)))),
            emotions_over_real={}
            if real_recalls is None
            else {
                e: float(recalls[i] / real_recalls[i]) if real_recalls[i] > 0 else None
                for i, e in enumerate(self.emotions)
                if there[i]
            },
            above_rules=None
            if rules is None
            else self.figure(lambda w: _macro(_drawn(w, own)) - _macro(_drawn(w, rules))),
            confusion=tuple(tuple(int(n) for n in row) for row in confusion),
            diagonal=bool((np.diag(confusion) > off.max(axis=1))[there].all()),
        )

    def confusions(self, answers: Sequence[Assessment], judge: str) -> Doubles:
        """Counts by actor, (actors, emotions, emotions); what is heard may be none of them."""
        place = {name: i for i, name in enumerate(self.emotions)}
        counts = np.zeros((len(self.actors), len(place), len(place)))
        for answer in answers:
            row = self.actors.index(answer.speaker), place[answer.emotion]
            counts[(*row, place[answer.predicted_emotions[judge]])] += 1
        return counts

    def rate(self, answers: Sequence[Assessment], right: Callable[[Assessment], bool]) -> Estimate:
        hits, totals = np.zeros(len(self.actors)), np.zeros(len(self.actors))
        for answer in answers:
            actor = self.actors.index(answer.speaker)
            hits[actor] += right(answer)
            totals[actor] += 1
        return self.figure(lambda w: _ratio(w @ hits, w @ totals))

    def median(self, answers: Sequence[Assessment], name: str) -> Estimate | None:
        found: list[list[float]] = [[] for _ in self.actors]
        for answer in answers:
            measured = [getattr(distance, name) for distance in answer.distances]
            known = [value for value in measured if value is not None]
            if known:
                found[self.actors.index(answer.speaker)].append(float(np.median(known)))
        values = np.array([value for some in found for value in some])
        if not len(values):
            return None
        order = values.argsort()
        rising = values[order]
        actors = np.repeat(np.arange(len(found)), [len(some) for some in found])[order]

        def medians(weights: Doubles) -> Doubles:
            # Of values that count as often as their actor was drawn.
            counts = weights[:, actors].cumsum(axis=1)
            half = (counts < counts[:, -1:] / 2).sum(axis=1)
            drawn: Doubles = rising[np.minimum(half, len(rising) - 1)]
            return drawn

        drawn = self.figure(medians)
        return Estimate(float(np.median(values)), drawn.low, drawn.high)

    def figure(self, statistic: Callable[[Doubles], Doubles]) -> Estimate:
        drawn = statistic(self.draws)
        ends = np.nanpercentile(drawn, (50 * (1 - LEVEL), 50 * (1 + LEVEL)))
        value = statistic(np.ones((1, len(self.actors))))[0]
        return Estimate(float(value), float(ends[0]), float(ends[1]))


def _drawn(weights: Doubles, counts: Doubles) -> Doubles:
    drawn: Doubles = np.einsum("da,aij->dij", weights, counts)
    return drawn


def _recalls(confusions: Doubles) -> Doubles:
    """Of (n, emotions, emotions) the share on the diagonal of each row; NaN for an empty row."""
    support = confusions.sum(axis=2)
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    recalls: Doubles = np.divide(
        hits, support, out=np.full_like(support, np.nan), where=support > 0
    )
    return recalls


def _macro(confusions: Doubles) -> Doubles:
    recalls = _recalls(confusions)
    there = ~np.isnan(recalls)
    return _ratio(np.where(there, recalls, 0).sum(axis=1), there.sum(axis=1).astype(np.float64))


def _ratio(part: Doubles, whole: Doubles) -> Doubles:
    ratio: Doubles = np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)
    return ratio
