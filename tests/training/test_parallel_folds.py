"""Folds at the same time: what one after the other gives, and nothing left behind."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import working
from fold_processes import SmallTraining
from spoken import CONFIG

from ser.dataset.folds import Folds
from ser.dataset.split import make_folds
from ser.dataset.table import Table, read_table, write_table
from ser.errors import SerError
from ser.training import parallel_folds
from ser.training.config import TrainConfig
from ser.training.crossval import cross_validate


@pytest.fixture
def config(small: str) -> TrainConfig:
    return replace(CONFIG, arch=small, lr=5e-3, epochs=2)


@pytest.fixture
def folds(spoken: Table) -> Folds:
    return make_folds(spoken, 3)


def run(table: Table, folds: Folds, config: TrainConfig, folder: Path, **more: Any) -> Any:
    return cross_validate(table, folds, config, folder, device="cpu", **more)


def test_the_figures_are_those_of_one_after_the_other(
    spoken: Table,
    folds: Folds,
    config: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel_folds, "_Training", SmallTraining)
    write_table(tmp_path / "t.npy", spoken)
    table = read_table(tmp_path / "t.npy")
    alone = run(spoken, folds, config, tmp_path / "alone")
    begun: list[int] = []
    steps: list[int] = []
    epochs: list[tuple[int, float]] = []
    both = run(
        table,
        folds,
        config,
        tmp_path / "both",
        jobs=2,
        on_fold=lambda fold, count, clips: begun.append(fold),
        on_step=steps.append,
        on_epoch=lambda fold, row: epochs.append((fold, row["epoch"])),
    )
    assert begun == [1, 2, 3]
    clips = [len(spoken) - len(test) for test in folds.tests]
    assert sum(steps) == sum(2 * (count // config.batch_size) for count in clips)
    # Epochs may go by between two looks: on a quick machine all of a fold.
    assert len(epochs) == len(set(epochs))
    assert set(epochs) <= {(fold, float(epoch)) for fold in (1, 2, 3) for epoch in (1, 2)}
    names = [sorted(path.name for path in (tmp_path / of).iterdir()) for of in ("alone", "both")]
    assert names[0] == names[1]
    assert both.predictions.path.tolist() == alone.predictions.path.tolist()
    assert both.predictions.protocol == alone.predictions.protocol
    # Threads add up in another order.
    assert both.predictions.probabilities == pytest.approx(
        alone.predictions.probabilities, abs=0.02
    )
    # What is there is not done again, and a table in memory does as well.
    first = (tmp_path / "both" / "fold-1.keras").stat().st_mtime_ns
    (tmp_path / "both" / "fold-3.csv").unlink()
    run(spoken, folds, config, tmp_path / "both", jobs=2, resume=True)
    assert (tmp_path / "both" / "fold-1.keras").stat().st_mtime_ns == first
    assert names[0] == sorted(path.name for path in (tmp_path / "both").iterdir())


def test_what_goes_wrong_in_a_fold_ends_all(spoken: Table, tmp_path: Path) -> None:
    # An architecture that other processes know by themselves.
    config = replace(CONFIG, arch="cnn1d", options={"layers": 1, "filters": 8}, epochs=1)
    table = spoken.copy()
    table["y"][of := np.flatnonzero(table["y"] == "sad")] = "angry"
    table["y"][of[:4]] = "sad"
    folds = Folds("speaker", 0, (of[4:8], of[:4]), "odd")
    with pytest.raises(SerError, match="fold 2: has no training clip of some emotion"):
        run(table, folds, config, tmp_path, jobs=2)
    assert not list(tmp_path.glob(".table-*"))


def test_a_process_that_dies(
    spoken: Table,
    folds: Folds,
    config: TrainConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parallel_folds, "_Training", lambda *given: working.dying)
    with pytest.raises(SerError, match=r"fold [12]: has taken its process down.*fewer --jobs"):
        run(spoken, folds, config, tmp_path, jobs=2)
