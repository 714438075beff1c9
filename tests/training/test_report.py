"""Figures that a card quotes: read with suspicion."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_table

from ser.errors import SerError
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, TrainingData
from ser.training.report import read_report, validation_figures, write_history

ROWS = [
    {"epoch": 1.0, "loss": 1.5, "val_loss": 1.25, "val_accuracy": 0.5, "val_uar": 0.4},
    {"epoch": 2.0, "loss": 1.0, "val_loss": 1.75, "val_accuracy": 0.6, "val_uar": 0.3},
]


def test_the_history_as_csv(tmp_path: Path) -> None:
    write_history(tmp_path / "h.csv", ROWS)
    text = (tmp_path / "h.csv").read_text()
    assert text.splitlines()[1] == "1,1.5,1.25,0.5,0.4"
    read = [{k: float(v) for k, v in row.items()} for row in csv.DictReader(text.splitlines())]
    assert read == ROWS


def test_figures_of_the_watched_clips_are_those_of_the_kept_epoch() -> None:
    table = make_table(6)
    trained = TrainedNetwork(None, ("a", "b"), ROWS, 2, 1, 1.0, 1.0, "tensorflow cpu")
    figures = validation_figures(TrainingData(table, np.arange(4), np.arange(4, 6)), trained)
    assert figures.metrics["validation_uar"] == 0.4
    assert figures.metrics["validation_clips"] == 2
    assert "optimistic" in figures.metrics["note"]
    assert (figures.protocol, figures.temperature) == (None, None)
    assert validation_figures(TrainingData(table, np.arange(6)), trained).metrics == {}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("[]", "is not the report"),
        ("{}", "is not the report"),
        (json.dumps({"intervals": {"uar": None}}), "is not the report"),
    ],
)
def test_a_report_that_is_none(tmp_path: Path, content: Any, words: str) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(SerError, match=rf"report\.json: {words} .*make it with ser-train --cv"):
        read_report(tmp_path, make_table(4), TrainConfig())
