"""An evaluation as text and as rows."""

from __future__ import annotations

import numpy as np

from ser.cli.stats.evaluation import about, csv_rows, evaluation_lines, heading, interval_text
from ser.evaluation.metrics import Interval, evaluate_predictions
from ser.evaluation.predictions import Predictions

LABELS = ("neutral", "happy", "sad")


def predictions(speakers: int = 4) -> Predictions:
    rng = np.random.default_rng(0)
    count = 12 * speakers
    truth = rng.integers(0, 2, count)
    probabilities = rng.dirichlet(np.ones(3), count)
    probabilities[np.arange(count), truth] += 1
    return Predictions(
        LABELS,
        np.array([f"{i}.wav" for i in range(count)]),
        np.zeros(count),
        np.array(["made"] * count),
        np.array([f"{i // 12:02d}" for i in range(count)]),
        np.array(LABELS)[truth],
        np.arange(count) % 3,
        (probabilities / probabilities.sum(1, keepdims=True)).astype(np.float32),
        protocol="by hand",
        seed=5,
    )


def test_what_the_figures_are_of() -> None:
    given = predictions()
    evaluation = evaluate_predictions(given, seed=9)
    facts = about(given, evaluation)
    assert facts == {
        "protocol": "by hand",
        "corpus": "made",
        # A label that no clip has is no class of these figures.
        "classes": "2: neutral, happy",
        "clips": "48 in 3 folds",
        "speakers": "4",
        "seed": "5 (training), 9 (bootstrap)",
    }
    title, below = heading(evaluation, facts)
    assert title.startswith(f"UAR {evaluation.uar:.3f}  [")
    assert "48 in 3 folds clips" in below


def test_every_figure_of_the_text_is_in_the_rows() -> None:
    given = predictions()
    evaluation = evaluate_predictions(given)
    facts = about(given, evaluation)
    lines = list(evaluation_lines(evaluation, facts))
    assert any(line.startswith(f"UAR                {evaluation.uar:.3f}  [") for line in lines)
    header, *rows = csv_rows(evaluation, facts)
    assert all(len(row) == len(header) for row in rows)
    found = {(row[0], row[1], row[2]): row[3] for row in rows}
    assert found["all", "", "uar"] == evaluation.uar
    assert found["class", "sad", "recall"] is None
    assert found["speaker", "made/02", "accuracy"] == evaluation.speakers["made/02"].accuracy
    assert found["confusion", "neutral", "as_happy"] == evaluation.confusion[0][1]


def test_many_speakers_are_summed_up() -> None:
    given = predictions(speakers=60)
    evaluation = evaluate_predictions(given)
    lines = list(evaluation_lines(evaluation, about(given, evaluation)))
    begin = next(i for i, line in enumerate(lines) if line.startswith("speaker  "))
    assert [line.split(":")[0] for line in lines[begin + 1 :]] == ["lowest", "median", "highest"]


def test_an_interval() -> None:
    assert interval_text(Interval(0.59849, 0.6641)) == "[0.598, 0.664]"
