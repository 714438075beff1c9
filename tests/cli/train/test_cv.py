"""ser-train --cv as a user runs it: every fold, its report, killed and resumed."""

from __future__ import annotations

import functools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import Finished, Run
from spoken import of_speakers
from tables import ravdess_table
from trainings import SMALL, epochs_done, killed_after, train_quickly, train_within

from ser.dataset.folds import write_folds
from ser.dataset.split import make_folds
from ser.dataset.table import Table, write_table
from ser.evaluation.predictions import read_predictions
from ser.labels import label_indices
from ser.models.artifact import read_card
from ser.models.calibration import apply_temperature
from ser.models.conformal import threshold_for

Quick = Callable[..., Finished]


@pytest.fixture
def quick(tmp_path: Path) -> Quick:
    return functools.partial(train_quickly, tmp_path)


@pytest.fixture(scope="module")
def table(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "speech.npy"
    write_table(path, spoken)
    return path


CV = ("--cv", "speaker:2", "--epochs", 3)


@pytest.fixture
def validated(table: Path, quick: Quick, tmp_path: Path) -> Path:
    done = quick(table, "-o", "cv", *CV)
    assert "2 folds by speaker" in done.err
    assert "UAR 0." in done.err or "UAR 1." in done.err
    assert "speakers on both sides" not in done.err
    return tmp_path / "cv"


def test_cross_validation_and_its_report(
    validated: Path, table: Path, quick: Quick, run: Run, tmp_path: Path
) -> None:
    assert {path.name for path in validated.iterdir()} == {
        "fold-1.keras", "fold-2.keras", "fold-1.csv", "fold-2.csv", "predictions.csv",
        "fold-1-calibrated.csv", "fold-2-calibrated.csv", "calibrated.csv",
        "report.json", "confusion.png",
    }  # fmt: skip
    report = json.loads((validated / "report.json").read_text())
    done = run("ser-stats", validated / "predictions.csv", "--json")
    assert done.returncode == 0, done.err
    again = json.loads(done.out)
    assert again["confusion"] == report["confusion"]
    assert again["scores"] == pytest.approx(report["scores"])
    assert again["about"]["protocol"] == report["protocol"]

    final = ("--validation", 0, "--epochs", 3, "--report", "cv")
    quick(table, "-o", "m.keras", *final)
    card = read_card(tmp_path / "m.keras")
    assert card["metrics"]["uar"] == report["scores"]["uar"]
    interval = report["intervals"]["uar"]
    assert card["metrics"]["uar_interval"] == [interval["low"], interval["high"]]
    assert card["temperature"] == report["temperature"]
    assert card["protocol"] == report["protocol"]
    assert card["clips"] == 96
    assert card["coverage"] == report["coverage"]
    # The promise, on the very clips that it comes from: of all speakers and one more.
    predictions = read_predictions(validated / "predictions.csv")
    scaled = apply_temperature(predictions.probabilities, report["temperature"])
    truth = label_indices(predictions.emotion.tolist(), predictions.labels)
    likely = scaled[np.arange(len(truth)), truth]
    speakers = np.unique(predictions.speaker)
    threshold = threshold_for(report["coverage"]["plain"], 0.5)
    covered = [(likely[predictions.speaker == one] >= threshold).mean() for one in speakers]
    assert np.mean(covered) * len(speakers) / (len(speakers) + 1) >= 0.5
    assert report["coverage"]["adapted"] != report["coverage"]["plain"]

    done = quick(table, "-o", "n.keras", *final, "--label-smoothing", 0, expect=1)
    assert "cv: was made with other options or features" in done.err
    shorter = np.load(table)[:72]
    write_table(tmp_path / "shorter.npy", shorter)
    done = quick("shorter.npy", "-o", "n.keras", *final, expect=1)
    assert "cv: is the cross-validation of another table (made (96 clips" in done.err
    done = quick(table, "-o", "n.keras", "--validation", 0, "--report", "nowhere", expect=1)
    assert "report.json: cannot be read" in done.err
    assert not (tmp_path / "n.keras").exists()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_cross_validation_keeps_finished_folds(
    jobs: str, table: Path, tmp_path: Path
) -> None:
    options = [str(table), "-o", "cv", "--cv", "speaker:3", "--epochs", "4", *SMALL]
    lines = ["fold 2 of 3", "epoch 1/4"]
    if jobs == "2":
        # An architecture that other processes know, too. The third fold begins when one ended.
        options += ["--arch", "cnn1d", "--set", "layers=1", "--set", "filters=8", "--jobs", jobs]
        lines = ["fold 3 of 3"]
    killed = [*killed_after(lines), *options]
    assert subprocess.run(killed, cwd=tmp_path, capture_output=True, check=False).returncode == -9
    if jobs == "1":
        assert epochs_done(tmp_path / "cv" / "fold-2.keras.ckpt") == 1
    (finished, *_) = (tmp_path / "cv").glob("fold-?.csv")
    finished = finished.with_suffix(".keras")
    first = (finished.read_bytes(), finished.stat().st_mtime_ns)
    train_within(tmp_path, *options, "--resume")
    assert (finished.read_bytes(), finished.stat().st_mtime_ns) == first
    assert len(read_predictions(tmp_path / "cv" / "predictions.csv")) == 96
    assert not list((tmp_path / "cv").glob("*.ckpt"))
    other = train_within(tmp_path, *options, "--resume", "--weight-decay", "0.5", expect=1)
    assert "other data or options" in other.err


def test_random_folds_are_called_what_they_are(table: Path, quick: Quick, tmp_path: Path) -> None:
    done = quick(table, "-o", "cv", "--cv", "random:2", "--epochs", 1)
    assert "the same speakers on both sides: the figures say nothing about a new speaker" in (
        " ".join(done.err.split())
    )
    report = json.loads((tmp_path / "cv" / "report.json").read_text())
    assert "clips apart, speakers on both sides" in report["protocol"]


def test_folds_by_corpus_from_a_file_and_as_published(
    spoken: Table, quick: Quick, tmp_path: Path
) -> None:
    two = spoken.copy()
    two["corpus"][of_speakers(two, "05", "06", "07", "08")] = "other"
    write_table(tmp_path / "two.npy", two)
    quick("two.npy", "-o", "corpora", "--cv", "corpus", "--epochs", 1)
    found = read_predictions(tmp_path / "corpora" / "predictions.csv")
    for number in (1, 2):
        assert len(set(found.corpus[found.fold == number].tolist())) == 1

    folds = make_folds(spoken, 2, seed=3)
    write_folds(tmp_path / "folds.json", spoken, folds)
    write_table(tmp_path / "t.npy", spoken)
    quick("t.npy", "-o", "file", "--cv", "folds.json", "--epochs", 1)
    found = read_predictions(tmp_path / "file" / "predictions.csv")
    for number, test in enumerate(folds.tests, start=1):
        assert set(found.path[found.fold == number].tolist()) == set(spoken["path"][test].tolist())

    write_table(tmp_path / "r.npy", ravdess_table(takes=1))
    done = quick("r.npy", "-o", "published", "--cv", "ravdess", "--epochs", 1, "-q")
    assert done.err == ""
    found = read_predictions(tmp_path / "published" / "predictions.csv")
    assert set(found.speaker[found.fold == 1].tolist()) == {"02", "05", "14", "15", "16"}
    assert len(found) == 192


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "cv", "--cv", "speaker"], "needs a number of folds, as in speaker:5"),
        (["-o", "cv", "--cv", "speaker:x"], "needs a number of folds, as in speaker:5"),
        (["-o", "cv", "--cv", "speaker:1"], "--cv speaker:1: give 2 folds or more"),
        (["-o", "cv", "--cv", "speker:3"], "--cv speker:3: did you mean speaker:3?"),
        (["-o", "cv", "--cv", "ravdes"], "--cv ravdes: is no file and names no published folds"),
        (["-o", "-", "--cv", "speaker:2"], "name a folder"),
        (
            ["-o", "cv", "--cv", "speaker:2", "--history", "h.csv"],
            "--history and --cv exclude each other: a",
        ),
        (
            ["-o", "cv", "--cv", "speaker:2", "--report", "r"],
            "--report and --cv exclude each other: a",
        ),
        (
            ["-o", "cv", "--cv", "speaker:2", "--plot-model", "n.svg"],
            "--plot-model and --cv exclude each other: a cross-validation trains several networks.",
        ),
    ],
)
def test_wrong_usage(arguments: list[str], words: str, run: Run, table: Path) -> None:
    done = run("ser-train", table, *arguments)
    assert (done.returncode, done.out) == (2, "")
    assert words in done.err
