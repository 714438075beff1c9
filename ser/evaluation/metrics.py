"""Evaluation of predictions: UAR, accuracy, macro F1, and bootstrap intervals over speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Counts, Doubles, Mask, Probabilities, Strings
from ser.errors import SerError
from ser.evaluation.predictions import Predictions
from ser.labels import label_indices
from ser.models.calibration import expected_calibration_error


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one group of clips.

    Attributes:
        n: Clips.
        uar: Unweighted average recall: the mean of the recalls of the classes that occur.
        accuracy: The share of clips that are recognized.
        macro_f1: The mean F1 of the classes that occur or are predicted.
    """

    n: int
    uar: float
    accuracy: float
    macro_f1: float


@dataclass(frozen=True, slots=True)
class ClassScores:
    """The figures of one class; None where the denominator is zero.

    Attributes:
        precision: The share of the clips given this label that have it.
        recall: The share of the clips with this label that were given it.
        f1: The harmonic mean of both.
        support: Clips with this label.
        predicted: Clips given this label.
    """

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A bootstrap interval.

    Attributes:
        low: Lower end.
        high: Upper end.
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The evaluation of a set of predictions.

    Attributes:
        labels: The model's labels, the order of rows and columns of `confusion`.
        scores: The figures over all clips.
        intervals: The interval of each figure of `scores`, at `level`.
        level: The level of the intervals, 0.95 for 95 %.
        resampled: What was resampled for the intervals: ``speakers`` or ``clips``.
        resamples: The number of bootstrap resamples.
        seed: The seed of the bootstrap.
        note: Why clips were resampled instead of speakers; empty otherwise.
        classes: Figures per label.
        confusion: Clips, rows true and columns predicted.
        calibration_error: Expected calibration error over 15 bins, 0 to 1.
        speakers: Figures per speaker.
        corpora: Figures per corpus.
    """

    labels: tuple[str, ...]
    scores: Scores
    intervals: Mapping[str, Interval]
    level: float
    resampled: str
    resamples: int
    seed: int
    note: str
    classes: Mapping[str, ClassScores]
    confusion: tuple[tuple[int, ...], ...]
    calibration_error: float
    speakers: Mapping[str, Scores]
    corpora: Mapping[str, Scores]

    @property
    def n(self) -> int:
        """The number of clips."""
        return self.scores.n

    @property
    def uar(self) -> float:
        """Unweighted average recall over all clips."""
        return self.scores.uar

    @property
    def accuracy(self) -> float:
        """The share of all clips that are recognized."""
        return self.scores.accuracy

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes over all clips."""
        return self.scores.macro_f1

    def to_dict(self) -> dict[str, Any]:
        """Gives everything as plain JSON types."""
        result = asdict(self)
        result["labels"] = list(self.labels)
        result["confusion"] = [list(row) for row in self.confusion]
        return result


def evaluate(
    y_true: Sequence[str],
    probabilities: Probabilities,
    labels: Sequence[str],
    speakers: Sequence[str] | None = None,
    corpora: Sequence[str] | None = None,
    *,
    seed: int = 0,
    resamples: int = 2000,
    level: float = 0.95,
) -> Evaluation:
    """Scores predictions.

    Intervals are percentiles of a bootstrap over speakers (Efron, Annals of Statistics 1979),
    because clips of one speaker are not independent. If speakers are not known, or there is only
    one, clips are resampled instead; the interval is then too narrow, and `Evaluation.note` says
    so.

    Args:
        y_true: The true emotion of each clip, (n,); all of them among `labels`.
        probabilities: (n, labels).
        labels: Names of the columns of `probabilities`.
        speakers: The speaker of each clip, unique over corpora; ``''`` where not known.
        corpora: The corpus of each clip; ``''`` where not known.
        seed: The seed of the bootstrap.
        resamples: The number of bootstrap resamples.
        level: The level of the intervals.

    Returns:
        The figures.

    Raises:
        LabelError: A true emotion is not among `labels`.
        SerError: There are no clips.
    """
    if len(y_true) == 0:
        raise SerError("evaluation", "has no labelled clips", "give a table with emotions")
    truth = label_indices(y_true, labels)
    predicted = np.asarray(probabilities).argmax(axis=1)
    count = len(labels)
    names, groups = np.unique(_fill_missing(speakers, len(truth)), return_inverse=True)
    by_speaker = _confusions(truth, predicted, groups, len(names), count)
    confusion = by_speaker.sum(axis=0)
    note = _clips_note(names)
    draws = _draw_clips if note else _draw_speakers
    drawn = draws(by_speaker, resamples, np.random.default_rng(seed))
    corpus_names, corpus_groups = np.unique(_fill_missing(corpora, len(truth)), return_inverse=True)
    by_corpus = _confusions(truth, predicted, corpus_groups, len(corpus_names), count)
    return Evaluation(
        labels=tuple(labels),
        scores=_scores(confusion),
        intervals=_intervals(drawn, level),
        level=level,
        resampled="clips" if note else "speakers",
        resamples=resamples,
        seed=seed,
        note=note,
        classes=_class_scores(confusion, labels),
        confusion=tuple(tuple(row) for row in confusion.tolist()),
        calibration_error=expected_calibration_error(probabilities, truth),
        speakers=_scores_by_name(names, by_speaker),
        corpora=_scores_by_name(corpus_names, by_corpus),
    )


def evaluate_predictions(predictions: Predictions, *, seed: int = 0) -> Evaluation:
    """Scores the predictions of a file, a table or several folds; see `evaluate`.

    Args:
        predictions: Predictions for labeled clips.
        seed: The seed of the bootstrap.
    """
    return evaluate(
        predictions.emotion.tolist(),
        predictions.probabilities,
        predictions.labels,
        predictions.speaker_keys,
        predictions.corpus.tolist(),
        seed=seed,
    )


def uar(confusion: npt.NDArray[Any]) -> Doubles:
    """Computes the unweighted average recall of confusion matrices (..., labels, labels)."""
    hits, support, _ = _margins(confusion)
    return _mean_where(_ratio(hits, support), support > 0)


def accuracy(confusion: npt.NDArray[Any]) -> Doubles:
    """Computes the accuracy of confusion matrices (..., labels, labels)."""
    hits, support, _ = _margins(confusion)
    return _ratio(hits.sum(axis=-1), support.sum(axis=-1))


def macro_f1(confusion: npt.NDArray[Any]) -> Doubles:
    """Computes the mean F1 of confusion matrices (..., labels, labels), as scikit-learn does."""
    hits, support, predicted = _margins(confusion)
    total = support + predicted
    return _mean_where(_ratio(2 * hits, total), total > 0)


_FIGURES = {"uar": uar, "accuracy": accuracy, "macro_f1": macro_f1}


def _margins(confusion: npt.NDArray[Any]) -> tuple[Doubles, Doubles, Doubles]:
    matrices = np.asarray(confusion, np.float64)
    hits = np.diagonal(matrices, axis1=-2, axis2=-1)
    return hits, matrices.sum(axis=-1), matrices.sum(axis=-2)


def _ratio(numerator: Doubles, denominator: Doubles) -> Doubles:
    return np.divide(numerator, denominator, out=np.zeros_like(denominator), where=denominator > 0)


def _mean_where(values: Doubles, condition: Mask) -> Doubles:
    return _ratio((values * condition).sum(axis=-1), condition.sum(axis=-1).astype(np.float64))


def _fill_missing(values: Sequence[str] | None, count: int) -> Strings:
    return np.asarray([""] * count if values is None else values, np.str_)


def _confusions(
    truth: Counts, predicted: Counts, groups: npt.NDArray[Any], group_count: int, count: int
) -> Counts:
    cells = (groups.astype(np.int64) * count + truth) * count + predicted
    flat = np.bincount(cells, minlength=group_count * count * count)
    return flat.reshape(group_count, count, count)


def _clips_note(speakers: Strings) -> str:
    if speakers[0] == "":
        some = "some " if len(speakers) > 1 else ""
        return f"{some}speakers are not known: intervals are over clips, which makes them narrow"
    if len(speakers) == 1:
        return "there is one speaker: intervals are over clips and say nothing of other speakers"
    return ""


def _draw_speakers(by_speaker: Counts, resamples: int, rng: np.random.Generator) -> Counts:
    count = len(by_speaker)
    flat = by_speaker.reshape(count, -1)
    even = np.full(count, 1 / count)
    # In portions, to bound memory: every resample has a count per speaker.
    portions = [min(250, resamples - start) for start in range(0, resamples, 250)]
    drawn = [rng.multinomial(count, even, size=size) @ flat for size in portions]
    return np.concatenate(drawn).reshape(resamples, *by_speaker.shape[1:])


def _draw_clips(by_speaker: Counts, resamples: int, rng: np.random.Generator) -> Counts:
    # Equivalent to resampling clips: a clip enters as its cell of the confusion matrix.
    confusion = by_speaker.sum(axis=0)
    total = int(confusion.sum())
    drawn = rng.multinomial(total, confusion.ravel() / total, size=resamples)
    return drawn.reshape(resamples, *confusion.shape)


def _intervals(drawn: Counts, level: float) -> dict[str, Interval]:
    ends = (50 * (1 - level), 50 * (1 + level))
    result = {}
    for name, figure in _FIGURES.items():
        low, high = np.percentile(figure(drawn), ends)
        result[name] = Interval(float(low), float(high))
    return result


def _scores(confusion: Counts) -> Scores:
    return Scores(
        int(confusion.sum()), **{name: float(f(confusion)) for name, f in _FIGURES.items()}
    )


def _scores_by_name(names: Strings, matrices: Counts) -> dict[str, Scores]:
    pairs = zip(names.tolist(), matrices, strict=True)
    return {name: _scores(matrix) for name, matrix in pairs if name}


def _class_scores(confusion: Counts, labels: Sequence[str]) -> dict[str, ClassScores]:
    result = {}
    for i, name in enumerate(labels):
        hits = int(confusion[i, i])
        support, predicted = int(confusion[i].sum()), int(confusion[:, i].sum())
        result[name] = ClassScores(
            precision=hits / predicted if predicted else None,
            recall=hits / support if support else None,
            f1=2 * hits / (support + predicted) if support + predicted else None,
            support=support,
            predicted=predicted,
        )
    return result
