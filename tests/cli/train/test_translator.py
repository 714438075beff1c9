"""ser-train with translators, as a user runs it: trained, stopped, resumed, used."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from eager import eager_steps
from sentences import sentence_table
from voiced import contours
from within import run_within

from ser.cli.console import Console
from ser.conversion.converter import open_converter
from ser.conversion.rules import RuleConverter
from ser.dataset.table import Table, write_table
from ser.models.artifact import read_card
from ser.training.checkpoint import Checkpoint

# tests/conversion/training/test_ensemble.py trains several generators.
SMALL = (
    *("--arch", "gan-translate", "--set", "generators=1"),
    *("--set", "width=8", "--set", "blocks=2", "--set", "classifier_epochs=1"),
)
QUICK = (*SMALL, "--batch-size", "16", "--device", "cpu")


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.npy"
    write_table(path, sentence_table())
    return path


@pytest.fixture(scope="module")
def trained(table: Path) -> Path:
    """A model, and beside it what a kill after the first epoch would have left."""
    output = table.with_name("translate.keras")
    say = Console.info

    def keep(console: Console, text: str) -> None:
        if text.startswith("epoch 1/2"):
            left = Checkpoint(table.with_name("left.keras"))
            shutil.copytree(Checkpoint(output).folder, left.folder)
        say(console, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Console, "info", keep)
        done = run_within(
            "ser-train", table, "-o", output, *QUICK, "--epochs", "2",
            "--history", "h.csv", "--plot", "h.png", "--plot-model", "n.svg",
            cwd=table.parent,
        )  # fmt: skip
    assert (done.returncode, done.out) == (0, ""), done.err
    assert "on 48 pairs" in done.err
    assert done.err.count("epoch 1/2: d_loss ") == 1
    for term in ("envelope_near", "pitch_near", "length_near", "adversarial", "outline", "voice"):
        assert f"{term} " in done.err
    return output


def history(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as stream:
        rows = csv.DictReader(stream)
        return [{name: float(value) for name, value in row.items()} for row in rows]


def test_the_card(trained: Path, table: Path) -> None:
    card = read_card(trained)
    assert card["kind"] == "translator"
    assert card["architecture"] == "gan-translate"
    assert card["labels"] == ["neutral", "sad", "angry"]
    assert card["litert"] is True
    assert card["speakers"] == ["made/01", "made/02"]
    assert card["seed"] == 0
    assert card["protocol"].startswith("48 pairs of made (12 clips, 2 speakers)")
    assert card["training"]["options"]["width"] == 8
    assert [row["epoch"] for row in history(table.with_name("h.csv"))] == [1, 2]
    assert [path.name for path in table.parent.glob("*.ckpt")] == ["left.keras.ckpt"]
    for name in ("h.png", "n.svg"):
        assert table.with_name(name).stat().st_size > 1000


def test_what_it_does(trained: Path) -> None:
    phrase = contours(100)
    network, rules = open_converter(trained), open_converter(trained, "rules")
    change = network(phrase, "angry")
    assert len(change) == 100
    assert np.isfinite(change.gain).all()
    assert not change.is_identity
    assert isinstance(rules, RuleConverter)
    assert set(rules.emotions) == set(network.emotions)


def test_keras_says_what_litert_says(trained: Path) -> None:
    from ser.conversion.converter import GANConverter
    from ser.inference.engine import open_runner

    phrase, emotions = contours(100), ("neutral", "sad", "angry")
    one, other = (
        GANConverter(open_runner(trained, name, "cpu"), emotions)(phrase, "sad")
        for name in ("litert", "keras")
    )
    np.testing.assert_allclose(one.gain, other.gain, atol=1e-3)
    np.testing.assert_allclose(one.pitch, other.pitch, atol=1e-4)


def test_it_goes_on_where_it_stopped(trained: Path, table: Path, run: Run, tmp_path: Path) -> None:
    output = tmp_path / "m.keras"
    shutil.copytree(Checkpoint(table.with_name("left.keras")).folder, Checkpoint(output).folder)
    more = ("--epochs", 2, "--resume", "--history", "h.csv")
    with eager_steps():
        done = run("ser-train", table, "-o", output, *QUICK, *more)
    assert done.returncode == 0, done.err
    assert done.err.index("epoch 1/2") < done.err.index("epoch 2/2")
    assert not Checkpoint(output).folder.exists()
    rows, whole = history(tmp_path / "h.csv"), history(table.with_name("h.csv"))
    assert rows[0] == whole[0]
    assert rows[1] == pytest.approx(whole[1], rel=1e-2, abs=1e-3)


@pytest.mark.parametrize(
    "options",
    [("--cv", "speaker:2"), ("--validation", "0.5"), ("--tune", "3"), ("--class-weight", "none")],
)
def test_options_of_classifiers(table: Path, run: Run, options: tuple[str, ...]) -> None:
    done = run("ser-train", table, "-o", "m.keras", *QUICK, *options)
    assert done.returncode == 2
    assert (
        f"--arch gan-translate and {options[0]} exclude each other: it is for classifiers"
        in done.err
    )


def test_tables_without_pairs(spoken: Table, run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "other.npy", spoken)
    done = run("ser-train", tmp_path / "other.npy", "-o", tmp_path / "m.keras", *QUICK)
    assert done.returncode == 1
    assert "extract them with ser-extract --preset translate" in done.err
    alone = sentence_table()
    write_table(tmp_path / "alone.npy", alone[alone["y"] == "sad"])
    done = run("ser-train", tmp_path / "alone.npy", "-o", tmp_path / "m.keras", *QUICK)
    assert done.returncode == 1
    assert "has no pairs" in done.err
