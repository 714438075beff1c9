"""ser-train as a user runs it: trained, killed, resumed, cross-validated."""

from __future__ import annotations

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Finished, Run
from spoken import of_speakers, training_with
from tables import ravdess_table

from ser.dataset.folds import write_folds
from ser.dataset.split import make_folds
from ser.dataset.table import Table, write_table
from ser.evaluation.predictions import read_predictions
from ser.models.artifact import read_card

COMMAND = [sys.executable, str(ROOT / "bin" / "ser-train")]

# The same command with a network that trains in a moment, for what does not depend on networks.
QUICK = training_with("spoken", "Small")
SMALL = ("--arch", "small", "--no-augment", "--batch-size", "16", "--lr", "0.005")
TRAINING = ("--epochs", "4", "--batch-size", "16", "--no-augment", "--validation", "0.25")

Quick = Callable[..., Finished]


@pytest.fixture
def quick(tmp_path: Path) -> Quick:
    def call(*arguments: object, expect: int = 0) -> Finished:
        done = subprocess.run(
            [*QUICK, *map(str, arguments), *SMALL],
            cwd=tmp_path,
            capture_output=True,
            check=False,
            timeout=300,
        )
        finished = Finished(done.args, done.returncode, done.stdout, done.stderr)
        assert finished.returncode == expect, finished.err
        return finished

    return call


@pytest.fixture(scope="module")
def table(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "speech.npy"
    write_table(path, spoken)
    return path


@pytest.fixture(scope="module")
def trained(table: Path) -> Path:
    """A folder with everything that a training can leave."""
    done = subprocess.run(
        [*COMMAND, table, "-o", "model.keras", *TRAINING, "--device", "cpu",
         "--history", "history.csv", "--plot", "curves.png", "--tensorboard", "events",
         "--plot-model", "network.svg"],
        cwd=table.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    (table.parent / "stderr.txt").write_text(done.stderr)
    return table.parent


def weights(path: Path) -> list[Any]:
    from ser.models.backend import load_keras

    return list(load_keras("cpu").saving.load_model(path, compile=False).get_weights())


def history(path: Path) -> list[dict[str, float]]:
    with path.open(newline="") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


def test_what_a_training_leaves(trained: Path) -> None:
    names = {path.name for path in trained.iterdir()}
    # No checkpoint, no temporary file.
    assert names == {
        "speech.npy", "model.keras", "history.csv", "curves.png", "network.svg", "events",
        "stderr.txt",
    }  # fmt: skip
    rows = history(trained / "history.csv")
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4]
    assert set(rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "val_uar"}
    assert (trained / "curves.png").read_bytes().startswith(b"\x89PNG")
    drawn = (trained / "network.svg").read_text()
    assert ">model.keras<" in drawn
    assert f"{read_card(trained / 'model.keras')['parameters']:,} parameters · cnn<" in drawn
    [events] = (trained / "events").iterdir()
    assert events.name.startswith("events.out.tfevents")
    assert b"val_uar" in events.read_bytes()
    said = (trained / "stderr.txt").read_text().splitlines()
    assert "training on 72 clips of made (96 clips, 8 speakers)" in said[0]
    assert "watched with 24 clips (speakers apart)" in said[0]
    assert [line.split(":")[0] for line in said[1:5]] == [f"epoch {i}/4" for i in range(1, 5)]
    assert said[5].startswith("model.keras: 3 emotions, 4 epochs, weights of epoch ")
    assert len(said) == 6


def test_the_card(trained: Path) -> None:
    card = read_card(trained / "model.keras")
    assert card["labels"] == ["neutral", "sad", "angry"]
    assert card["clips"] == 72
    assert len(card["speakers"]) == 6
    assert card["protocol"].endswith("watched with 24 clips (speakers apart), seed 0")
    best = history(trained / "history.csv")[card["training"]["best_epoch"] - 1]
    assert card["metrics"]["validation_uar"] == pytest.approx(best["val_uar"])
    assert "optimistic" in card["metrics"]["note"]
    assert card["training"]["augment"]["stretch"] == 0
    assert card["training"]["device"].startswith("tensorflow ")
    assert card["litert"] is True


def test_the_model_is_analysed_with(trained: Path, run: Run) -> None:
    done = run("ser-stats", trained / "model.keras", trained / "speech.npy", "--json")
    assert done.returncode == 0, done.err
    assert json.loads(done.out)["scores"]["n"] == 96


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 200
    while not condition():
        assert process.poll() is None, "it ended before it could be killed"
        assert time.monotonic() < deadline, "nothing to kill it for"
        time.sleep(0.02)


def epochs_done(state: Path) -> int:
    try:
        return int(json.loads(state.read_text())["epoch"])
    except (OSError, ValueError):
        return 0


def test_killed_and_resumed(trained: Path, table: Path, tmp_path: Path) -> None:
    arguments = [*COMMAND, str(table), "-o", "m.keras", *TRAINING, "--device", "cpu"]
    with subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: epochs_done(tmp_path / "m.keras.ckpt" / "state.json") >= 2, process)
        process.send_signal(signal.SIGKILL)
    assert not (tmp_path / "m.keras").exists()
    # With other options it is refused and nothing is lost.
    other = subprocess.run(
        [*arguments, "--resume", "--lr", "0.1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert other.returncode == 1
    assert "m.keras.ckpt: is the checkpoint of a training with other data or options" in (
        other.stderr
    )
    done = subprocess.run(
        [*arguments, "--resume", "--history", "h.csv"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["h.csv", "m.keras"]
    resumed, whole = history(tmp_path / "h.csv"), history(trained / "history.csv")
    assert len(resumed) == len(whole) == 4
    for row, expected in zip(resumed, whole, strict=True):
        assert row == pytest.approx(expected, abs=1e-3)
    pairs = zip(weights(tmp_path / "m.keras"), weights(trained / "model.keras"), strict=True)
    for weight, expected in pairs:
        assert weight == pytest.approx(expected, abs=1e-3)


def test_interrupted_and_begun_anew(table: Path, tmp_path: Path, quick: Quick) -> None:
    arguments = [*QUICK, str(table), "-o", "m.keras", "--epochs", "500", "--patience", "0", *SMALL]
    with subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        wait_for(lambda: epochs_done(tmp_path / "m.keras.ckpt" / "state.json") >= 1, process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert process.wait(60) == 130
    assert "m.keras.ckpt: kept; continue with --resume" in said
    assert "Traceback" not in said
    done = quick(table, "-o", "m.keras", "--epochs", 1)
    assert "not continued and replaced" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


def test_no_part_set_aside(table: Path, tmp_path: Path, quick: Quick) -> None:
    before = (table.read_bytes(), table.stat().st_mtime_ns)
    quick(table, "-o", "m.keras", "--epochs", 2, "--validation", 0, "--history", "h.csv", "-q")
    card = read_card(tmp_path / "m.keras")
    assert card["clips"] == 96
    assert len(card["speakers"]) == 8
    assert card["metrics"] == {}
    assert card["temperature"] == 1
    assert card["protocol"].endswith("nothing set aside, seed 0")
    assert set(history(tmp_path / "h.csv")[0]) == {"epoch", "loss", "accuracy"}
    assert (table.read_bytes(), table.stat().st_mtime_ns) == before


def test_a_validation_table(spoken: Table, tmp_path: Path, quick: Quick) -> None:
    write_table(tmp_path / "a.npy", spoken[of_speakers(spoken, "01", "02", "03")])
    write_table(tmp_path / "b.npy", spoken[of_speakers(spoken, "04", "05")])
    done = quick("a.npy", "-o", "m.keras", "--epochs", 1, "--validation", "b.npy")
    assert "training on 36 clips of made (36 clips, 3 speakers), watched with 24 clips" in done.err
    assert "warning" not in done.err
    assert read_card(tmp_path / "m.keras")["speakers"] == ["made/01", "made/02", "made/03"]
    # Who is heard in training should not judge it.
    write_table(tmp_path / "c.npy", spoken[of_speakers(spoken, "03", "04")])
    done = quick("a.npy", "-o", "m.keras", "--epochs", 1, "--validation", "c.npy")
    assert "1 of the speakers in c.npy are in a.npy as well (made/03)" in done.err
    other = np.zeros(2, ravdess_table(2).dtype)
    other["y"] = "sad"
    write_table(tmp_path / "d.npy", other)
    done = quick("a.npy", "-o", "n.keras", "--validation", "d.npy", expect=1)
    assert "d.npy: has other features than a.npy (" in done.err
    assert not (tmp_path / "n.keras").exists()


def test_clips_without_emotion_or_speaker(spoken: Table, tmp_path: Path, quick: Quick) -> None:
    table = spoken.copy()
    table["y"][::6] = ""
    table["speaker"][:24] = ""
    write_table(tmp_path / "t.npy", table)
    done = quick("t.npy", "-o", "m.keras", "--epochs", 1)
    assert "16 records without an emotion are left out" in done.err
    assert "some speakers are not known" in done.err
    assert "(clips apart)" in done.err
    watched = int(done.err.split("watched with ")[1].split()[0])
    assert read_card(tmp_path / "m.keras")["clips"] == 80 - watched


def test_the_seed_is_kept(table: Path, tmp_path: Path, quick: Quick) -> None:
    for name in "ab":
        quick(table, "-o", f"{name}.keras", "--epochs", 1, "--seed", 5, "--validation", 0)
    assert read_card(tmp_path / "a.keras")["seed"] == 5
    # In processes of their own, equal trainings make equal files but for day and time.
    with (
        zipfile.ZipFile(tmp_path / "a.keras") as one,
        zipfile.ZipFile(tmp_path / "b.keras") as other,
    ):
        for member in ("config.json", "model.weights.h5", "model.tflite", "mel.npy"):
            assert one.read(member) == other.read(member), member


def test_a_table_on_stdin(table: Path, tmp_path: Path) -> None:
    with table.open("rb") as stream:
        done = subprocess.run(
            [*QUICK, "-", "-o", "m.keras", "--epochs", "1", *SMALL],
            stdin=stream, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read_card(tmp_path / "m.keras")["labels"] == ["neutral", "sad", "angry"]


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
    arguments = [*QUICK, str(table), "-o", "cv", "--cv", "speaker:3", "--epochs", "8", *SMALL]
    if jobs == "2":
        # An architecture that other processes know, too.
        slim = ("--arch", "cnn", "--set", "width=0.25", "--set", "units=64", "--jobs", jobs)
        arguments += slim
    state = tmp_path / "cv" / f"fold-{3 if jobs == '2' else 2}.keras.ckpt" / "state.json"
    with subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: epochs_done(state) >= 1, process)
        process.send_signal(signal.SIGKILL)
    (finished, *_) = (tmp_path / "cv").glob("fold-?.csv")
    finished = finished.with_suffix(".keras")
    first = (finished.read_bytes(), finished.stat().st_mtime_ns)
    done = subprocess.run(
        [*arguments, "--resume"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (finished.read_bytes(), finished.stat().st_mtime_ns) == first
    assert len(read_predictions(tmp_path / "cv" / "predictions.csv")) == 96
    assert not list((tmp_path / "cv").glob("*.ckpt"))
    other = subprocess.run(
        [*arguments, "--resume", "--weight-decay", "0.5"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert other.returncode == 1
    assert "other data or options" in other.stderr


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
        (["-o", "m.h5"], "must be a file named .keras"),
        (["-o", "-"], "must be a file named .keras"),
        ([], "Missing option '-o'"),
        (["-o", "folder.keras"], "folder.keras is a folder"),
        (["-o", "cv", "--cv", "speaker"], "needs a number of folds, as in speaker:5"),
        (["-o", "-", "--cv", "speaker:2"], "name a folder"),
        (["-o", "cv", "--cv", "speaker:2", "--history", "h.csv"], "--history means nothing"),
        (["-o", "cv", "--cv", "speaker:2", "--report", "r"], "--report means nothing"),
        (["-o", "m.keras", "--jobs", "2"], "--jobs is for the folds of --cv"),
        (["-o", "cv", "--cv", "speaker:2", "-j", "2", "--tune", "3"], "and not with --tune"),
        (["-o", "cv", "--cv", "speaker:2", "--plot-model", "n.svg"], "--plot-model means nothing"),
        (["-o", "m.keras", "--epochs", "0"], "--epochs"),
        (["-o", "m.keras", "--arch", "transformer9"], "--arch"),
    ],
)
def test_wrong_usage(
    arguments: list[str], words: str, run: Run, table: Path, tmp_path: Path
) -> None:
    (tmp_path / "folder.keras").mkdir()
    done = run("ser-train", table, *arguments)
    assert (done.returncode, done.out) == (2, "")
    assert words in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.npy", "-o", "m.keras"], "none.npy: does not exist"),
        (["text.npy", "-o", "m.keras"], "text.npy: is not a readable .npy file"),
        (["folder", "-o", "m.keras"], "folder: "),
        (["t.npy", "-o", "m.keras", "--validation", "none.npy"], "none.npy: does not exist"),
        (["t.npy", "-o", "m.keras", "--validation", "1.5"], "1.5: is not a part"),
        (["t.npy", "-o", "m.keras", "--validation", "nan"], "nan: is not a part"),
        (["t.npy", "-o", "m.keras", "--lr", "0"], "--lr: must be positive"),
        (["t.npy", "-o", "m.keras", "--plot", "curves.jpg"], "curves.jpg"),
        (["t.npy", "-o", "m.keras", "--plot-model", "net.pdf"], "net.pdf: is not a picture's name"),
        (["t.npy", "-o", "cv", "--cv", "none.json"], "none.json: does not exist"),
        (["t.npy", "-o", "cv", "--cv", "speaker:9"], "too few for 9 sides"),
        (["t.npy", "-o", "cv", "--cv", "ravdess"], "has nothing for fold 1 of ravdess"),
        (["one.npy", "-o", "m.keras"], "one emotion alone (sad)"),
        (["t.npy", "-o", "m.keras", "--support", "none"], "--support none: is no corpus of the"),
        (["mute.npy", "-o", "m.keras", "--validation", "0"], "no labelled records"),
        (["nan.npy", "-o", "m.keras", "--validation", "0"], "not numbers"),
        (["t.npy", "-o", "file/m.keras", "--epochs", "1"], "cannot be written"),
    ],
)
def test_one_line_per_error(
    arguments: list[str], words: str, spoken: Table, table: Path, tmp_path: Path, run: Run
) -> None:
    shutil.copy(table, tmp_path / "t.npy")
    (tmp_path / "text.npy").write_text("hello")
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    write_table(tmp_path / "one.npy", spoken[spoken["y"] == "sad"])
    changed = spoken.copy()
    changed["x"][0, 0, 0] = np.nan
    write_table(tmp_path / "nan.npy", changed)
    changed["y"] = ""
    write_table(tmp_path / "mute.npy", changed)
    done = run("ser-train", *arguments, "-q")
    assert (done.returncode, done.out) == (1, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1, done.err
    assert not (tmp_path / "m.keras").exists()


def test_devices_and_backends_that_are_not_there(run: Run, table: Path) -> None:
    done = run(
        "ser-train", table, "-o", "m.keras", "--device", "gpu", "-q",
        env={"CUDA_VISIBLE_DEVICES": "-1"},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.err.startswith("ser-train: error: --device gpu: no GPU is visible")
    done = run("ser-train", table, "-o", "m.keras", "-q", env={"KERAS_BACKEND": "abacus"})
    assert done.returncode == 1
    assert done.err.startswith("ser-train: error: Keras backend abacus: cannot be imported")
    assert len(done.err.splitlines()) == 1
