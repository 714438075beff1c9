"""ser-train with architectures that are trained in a way of their own, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from spoken import POOLED, spoken_table

from ser.dataset.table import Table, read_table, write_table
from ser.models.artifact import read_card

GAN = (
    "--arch", "acgan", "--set", "width=0.25", "--set", "noise=8", "--batch-size", "16",
    "--device", "cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def table(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kinds") / "speech.npy"
    write_table(path, spoken)
    return path


def test_support_vector_machines_cross_validated(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "pooled.npy", spoken_table(POOLED))
    done = run("ser-train", "pooled.npy", "--arch", "svm", "--cv", "speaker:4", "-o", "cv")
    assert done.returncode == 0, done.err
    assert "arch svm, last of 1 epoch" in done.err
    assert done.err.count("epoch 1/1: accuracy ") == 4
    report = json.loads((tmp_path / "cv" / "report.json").read_text())
    assert report["scores"]["uar"] > 0.7
    # Calibrated without a look at the test: what is left to correct is little.
    assert 0.4 < report["temperature"] < 2.5
    card = read_card(tmp_path / "cv" / "fold-1.keras")
    assert card["litert"] is True
    assert card["training"]["epochs"] == 1
    done = run("ser-stats", "cv/fold-1.keras", "pooled.npy", "--json")
    assert json.loads(done.out)["scores"]["n"] == 96


def test_generated_clips_are_a_table(run: Run, table: Path, tmp_path: Path) -> None:
    done = run(
        "ser-train", table, *GAN, "--epochs", "2", "--validation", "0", "--plot", "curves.png",
        "-o", "gan.keras", "--write-generated", "made.npy", "--history", "h.csv",
    )  # fmt: skip
    assert done.returncode == 0, done.err
    assert "generated_loss " in done.err
    assert "made.npy: 96 generated records" in done.err
    header = (tmp_path / "h.csv").read_text().splitlines()[0]
    assert header == "epoch,accuracy,loss,generated_loss,d_loss,g_loss"
    made = read_table(tmp_path / "made.npy")
    assert made["y"].tolist() == read_table(table)["y"].tolist()
    done = run("ser-stats", "made.npy", "--plot", "made.png")
    assert done.returncode == 0, done.err
    assert (tmp_path / "made.png").read_bytes().startswith(b"\x89PNG")
    done = run("ser-merge", table, "made.npy", "-o", "more.npy")
    assert done.returncode == 0, done.err
    assert len(read_table(tmp_path / "more.npy")) == 192
    # Nobody is tested on them.
    done = run("ser-split", "more.npy", "--test", "0.25", "-o", "train.npy", "test.npy")
    assert done.returncode == 0, done.err
    assert not np.any(read_table(tmp_path / "test.npy")["augment"] == "acgan")


def test_who_generates_nothing_says_so(run: Run, table: Path) -> None:
    done = run("ser-train", table, "-o", "m.keras", "--write-generated", "made.npy")
    assert done.returncode == 2
    assert "--write-generated: cnn generates nothing; acgan does." in done.err
    done = run(
        "ser-train", table, *GAN, "--cv", "speaker:2", "-o", "cv", "--write-generated", "m.npy"
    )
    assert done.returncode == 2
    assert "--write-generated and --cv exclude each other" in done.err
    write = ("--write-generated", ".")
    done = run("ser-train", table, *GAN, "-o", "m.keras", *write)
    assert done.returncode == 2
    assert ". is a folder" in done.err
