"""`ser.audit`: what the command finds, in memory."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from tables import ravdess_table

import ser
from ser.dataset.table import FeatureTable, write_table

pytestmark = pytest.mark.usefixtures("few_trees")


def test_the_command_finds_the_same(run: Run, tmp_path: Path) -> None:
    table = ravdess_table(3).view(FeatureTable)
    write_table(tmp_path / "t.npy", table)
    done = run("ser-stats", "--audit", "t.npy", "--json", "--seed", "3")
    assert done.returncode == 0, done.err
    found = ser.audit(table, seed=3)
    assert json.loads(done.out) == {"table": "t.npy", **json.loads(json.dumps(found.to_dict()))}


def test_a_split_may_be_a_table(tmp_path: Path) -> None:
    table = ravdess_table(3)
    train, test = ser.split(table, test=["01"])
    write_table(tmp_path / "train.npy", np.concatenate([train, test[:2]]))
    write_table(tmp_path / "test.npy", test)
    (side,) = ser.audit(tmp_path / "train.npy", tmp_path / "test.npy").sides
    assert (side.train, side.test) == (len(train) + 2, len(test))
    assert side.speakers == ("ravdess/01",)
    assert len(side.takes) == len(side.duplicates) == 2
