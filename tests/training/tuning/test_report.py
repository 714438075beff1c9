"""What is kept of a search: in a card and in a table."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from ser.training.config import TrainConfig
from ser.training.tuning.report import card_entry, write_trials
from ser.training.tuning.search import SearchResult
from ser.training.tuning.space import SearchRange
from ser.training.tuning.trial import Trial

SPACE = {"lr": SearchRange(1e-4, 1e-2, log=True), "kernel": SearchRange(choices=(3, 5))}
TRIALS = (
    Trial(1, {"lr": 1e-3, "kernel": 3}, "complete", 0.5, (0.4, 0.6), {0: 0.4, 1: 0.5}, 60.0),
    Trial(2, {"lr": 2e-3, "kernel": 5}, "complete", 0.6, (0.6, 0.6), {0: 0.6, 1: 0.6}, 90.0),
    Trial(3, {"lr": 3e-3, "kernel": 3}, "pruned", 0.3, (), {0: 0.3}, 20.0),
    Trial(4, {"lr": 9e-3, "kernel": 5}, "diverged", None, (), {}, 10.0),
)
FOUND = SearchResult(TrainConfig(), TRIALS[1], TRIALS, SPACE, "a protocol", 4)


def test_the_card() -> None:
    entry = card_entry(FOUND)
    assert json.loads(json.dumps(entry)) == entry
    assert (entry["trials"], entry["given_up"], entry["diverged"]) == (4, 1, 1)
    assert (entry["best_trial"], entry["inner_uar"], entry["inner_uar_untuned"]) == (2, 0.6, 0.5)
    assert entry["chosen"] == {"lr": 2e-3, "kernel": 5}
    assert entry["searched"] == {"lr": "0.0001 to 0.01 (log)", "kernel": "3, 5"}
    assert entry["protocol"] == "a protocol"
    assert "optimistic" in entry["note"]
    assert entry["minutes"] == 3.0


def test_the_table(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_trials(tmp_path / "t.csv", FOUND)
    text = (tmp_path / "t.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        "trial", "outcome", "score", "fold_1", "fold_2", "seconds", "lr", "kernel",
    ]  # fmt: skip
    assert [row["score"] for row in rows] == ["0.5", "0.6", "0.3", ""]
    assert [row["fold_2"] for row in rows] == ["0.6", "0.6", "", ""]
    assert [(float(row["lr"]), int(row["kernel"])) for row in rows] == [
        (t.values["lr"], t.values["kernel"]) for t in TRIALS
    ]
    write_trials("-", FOUND)
    assert capfdbinary.readouterr().out.decode() == text
