"""An evaluation as text for people, and as rows for spreadsheets."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from ser.cli.stats.grid import grid
from ser.evaluation.metrics import Evaluation, Interval, Scores
from ser.evaluation.predictions import Predictions

# Longer lists are for --json and --csv.
_GROUPS_SHOWN = 48
_WIDTH = 100
_FIGURES = {"uar": "UAR", "accuracy": "accuracy", "macro_f1": "macro F1"}


def about(predictions: Predictions, evaluation: Evaluation) -> dict[str, str]:
    """Says what the figures are figures of.

    Returns:
        Protocol, corpus, classes, clips, speakers and seed, as text.
    """
    occurring = [name for name, scores in evaluation.classes.items() if scores.support]
    folds = len(set(predictions.fold.tolist()))
    trained = "" if predictions.seed is None else f"{predictions.seed} (training), "
    return {
        "protocol": predictions.protocol or "not known",
        "corpus": ", ".join(evaluation.corpora) or "not known",
        "classes": f"{len(occurring)}: {', '.join(occurring)}",
        "clips": f"{evaluation.scores.n}" + (f" in {folds} folds" if folds > 1 else ""),
        "speakers": str(len(evaluation.speakers) or "not known"),
        "seed": f"{trained}{evaluation.seed} (bootstrap)",
    }


def heading(evaluation: Evaluation, facts: Mapping[str, str]) -> tuple[str, str]:
    """Gives the title of a picture and the lines below it."""
    scores = evaluation.scores
    title = f"UAR {scores.uar:.3f}  {interval_text(evaluation.intervals['uar'])}"
    counts = f"{facts['corpus']} · {facts['clips']} clips · {facts['speakers']} speakers"
    protocol = f"{facts['protocol']} · seed {facts['seed']}"
    return title, f"{counts} · accuracy {scores.accuracy:.3f}\n{protocol}"


def evaluation_lines(evaluation: Evaluation, facts: Mapping[str, str]) -> Iterator[str]:
    """Gives the lines about an evaluation.

    Args:
        evaluation: The figures.
        facts: See `about`.
    """
    width = max(map(len, facts), default=0)
    for key, value in facts.items():
        yield from textwrap.wrap(
            f"{key:<{width}}  {value}", _WIDTH, subsequent_indent=" " * (width + 2)
        )
    yield ""
    scores = evaluation.scores
    over = f"{evaluation.level:.0%} over {evaluation.resampled}"
    for key, title in _FIGURES.items():
        interval = interval_text(evaluation.intervals[key])
        yield f"{title:<17}  {getattr(scores, key):.3f}  {interval}  {over}"
    yield f"{'calibration error':<17}  {evaluation.calibration_error:.3f}  (expected, 15 bins)"
    if evaluation.note:
        yield f"note: {evaluation.note}"
    yield ""
    yield from _class_grid(evaluation)
    yield ""
    yield "confusion: rows true, columns predicted, clips"
    header: list[object] = ["", *evaluation.labels]
    body = zip(evaluation.labels, evaluation.confusion, strict=True)
    yield from grid([header, *([name, *row] for name, row in body)])
    for title, groups in (("corpus", evaluation.corpora), ("speaker", evaluation.speakers)):
        if groups:
            yield ""
            yield from _group_lines(title, groups)


def interval_text(interval: Interval) -> str:
    """Writes an interval as ``[0.598, 0.664]``."""
    return f"[{interval.low:.3f}, {interval.high:.3f}]"


def csv_rows(evaluation: Evaluation, facts: Mapping[str, str]) -> Iterator[list[object]]:
    """Gives every figure as a row: what it is of, its name, value and interval.

    Args:
        evaluation: The figures.
        facts: See `about`; protocol and seed stand in every row, so that none goes without.
    """
    told = [facts[key] for key in ("protocol", "corpus", "seed")]
    yield ["scope", "name", "figure", "value", "low", "high", "clips", "protocol", "corpus", "seed"]
    total = evaluation.scores.n
    for figure, interval in evaluation.intervals.items():
        value = getattr(evaluation.scores, figure)
        yield ["all", "", figure, value, interval.low, interval.high, total, *told]
    yield ["all", "", "calibration_error", evaluation.calibration_error, "", "", total, *told]
    for name, scores in evaluation.classes.items():
        for figure in ("precision", "recall", "f1"):
            value = getattr(scores, figure)
            yield ["class", name, figure, value, "", "", scores.support, *told]
    for scope, groups in (("corpus", evaluation.corpora), ("speaker", evaluation.speakers)):
        for name, group in groups.items():
            for figure in _FIGURES:
                yield [scope, name, figure, getattr(group, figure), "", "", group.n, *told]
    for name, row in zip(evaluation.labels, evaluation.confusion, strict=True):
        for predicted, count in zip(evaluation.labels, row, strict=True):
            yield ["confusion", name, f"as_{predicted}", count, "", "", sum(row), *told]


def _class_grid(evaluation: Evaluation) -> list[str]:
    rows: list[list[object]] = [["class", "precision", "recall", "F1", "clips", "predicted"]]
    for name, scores in evaluation.classes.items():
        figures = (scores.precision, scores.recall, scores.f1)
        shown = ["-" if value is None else f"{value:.3f}" for value in figures]
        rows.append([name, *shown, scores.support, scores.predicted])
    return grid(rows)


def _group_lines(title: str, groups: Mapping[str, Scores]) -> Iterator[str]:
    if len(groups) > _GROUPS_SHOWN:
        # Hundreds of lines say less than their range; --json and --csv have them all.
        order = sorted(groups, key=lambda name: groups[name].uar)
        picked = {"lowest": order[0], "median": order[len(order) // 2], "highest": order[-1]}
        groups = {f"{word}: {name}": groups[name] for word, name in picked.items()}
    rows: list[list[object]] = [[title, "clips", "UAR", "accuracy"]]
    for name, scores in groups.items():
        rows.append([name, scores.n, f"{scores.uar:.3f}", f"{scores.accuracy:.3f}"])
    yield from grid(rows)
