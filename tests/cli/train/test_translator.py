"""ser-train with translators, as a user runs it: trained, stopped, resumed, used."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from sentences import sentence_table
from voiced import contours
from within import run_within

from ser.conversion.converter import open_converter
from ser.conversion.rules import RuleConverter
from ser.dataset.table import Table, write_table
from ser.models.artifact import read_card

SMALL = (
    *("--arch", "gan-translate", "--set", "generators=2"),
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
    output = table.with_name("translate.keras")
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
    rows = list(csv.DictReader(table.with_name("h.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert not list(table.parent.glob("*.ckpt"))
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


def test_it_goes_on_where_it_stopped(table: Path, run: Run, tmp_path: Path) -> None:
    from ser.conversion.pairs import find_pairs
    from ser.conversion.training.fit import train_converter
    from ser.training.checkpoint import Checkpoint
    from ser.training.config import TrainConfig

    class StoppedError(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        raise StoppedError

    records = sentence_table()
    everything = np.arange(len(records))
    options = {"generators": 1, "width": 8, "blocks": 2, "classifier_epochs": 1}
    config = TrainConfig(
        arch="gan-translate", options=options, epochs=2, batch_size=16, lr=1e-3, weight_decay=1e-4
    )
    output = tmp_path / "m.keras"
    with pytest.raises(StoppedError):
        train_converter(
            records, everything, find_pairs(records, everything), config,
            checkpoint=Checkpoint(output), device="cpu", on_epoch=stop,
        )  # fmt: skip
    assert Checkpoint(output).folder.exists()
    one = (*QUICK, "--set", "generators=1")
    done = run("ser-train", table, "-o", output, *one, "--epochs", 2, "--resume")
    assert done.returncode == 0, done.err
    assert done.err.index("epoch 1/2") < done.err.index("epoch 2/2")
    assert not Checkpoint(output).folder.exists()


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
