"""ser-train as a user runs it: trained, killed, resumed."""

from __future__ import annotations

import csv
import functools
import json
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Finished, Run
from spoken import of_speakers
from tables import ravdess_table
from trainings import COMMAND, QUICK, SMALL, epochs_done, killed_after, train_quickly, wait_for

from ser.dataset.table import Table, write_table
from ser.models.artifact import read_card

SLIM = ("--set", "width=0.25", "--set", "units=64")
TRAINING = (
    "--arch", "cnn", *SLIM, "--epochs", "4", "--batch-size", "16", "--no-augment",
    "--validation", "0.25",
)  # fmt: skip

Quick = Callable[..., Finished]


@pytest.fixture
def quick(tmp_path: Path) -> Quick:
    return functools.partial(train_quickly, tmp_path)


@pytest.fixture(scope="module")
def table(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "speech.npy"
    write_table(path, spoken)
    return path


@pytest.fixture(scope="module")
def trained(table: Path) -> Path:
    """A folder with everything that a training can leave."""
    # By a process of its own, which native libraries may write to as well.
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
    parameters = read_card(trained / "model.keras")["parameters"]
    assert f"{parameters:,} parameters · cnn (units=64, width=0.25)<" in drawn
    [events] = (trained / "events").iterdir()
    assert events.name.startswith("events.out.tfevents")
    assert b"val_uar" in events.read_bytes()
    said = (trained / "stderr.txt").read_text().splitlines()
    assert "training on 72 clips of made (96 clips, 8 speakers)" in said[0]
    assert "validated on 24 clips (speakers apart)" in said[0]
    assert [line.split(":")[0] for line in said[1:5]] == [f"epoch {i}/4" for i in range(1, 5)]
    assert said[5].startswith("model.keras: 3 emotions, 4 epochs, weights of epoch ")
    assert len(said) == 6


def test_the_card(trained: Path) -> None:
    card = read_card(trained / "model.keras")
    assert card["labels"] == ["neutral", "sad", "angry"]
    assert card["clips"] == 72
    assert len(card["speakers"]) == 6
    assert card["protocol"].endswith("validated on 24 clips (speakers apart), seed 0")
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


def test_killed_and_resumed(table: Path, tmp_path: Path) -> None:
    options = [table, "-o", "m.keras", "--epochs", 4, "--validation", 0.25, "--device", "cpu"]
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    for folder in (unbroken, broken):
        folder.mkdir()
    train_quickly(unbroken, *options, "--history", "h.csv")
    killed = [*killed_after(["epoch 2/4"]), *map(str, options), *SMALL]
    assert subprocess.run(killed, cwd=broken, capture_output=True, check=False).returncode == -9
    assert epochs_done(broken / "m.keras.ckpt") == 2
    assert not (broken / "m.keras").exists()
    # With other options it is refused and nothing is lost.
    other = train_quickly(broken, *options, "--resume", "--weight-decay", "0.5", expect=1)
    assert "m.keras.ckpt: is the checkpoint of a training with other data or options" in other.err
    train_quickly(broken, *options, "--resume", "--history", "h.csv")
    assert sorted(path.name for path in broken.iterdir()) == ["h.csv", "m.keras"]
    resumed, whole = history(broken / "h.csv"), history(unbroken / "h.csv")
    assert len(resumed) == len(whole) == 4
    for row, expected in zip(resumed, whole, strict=True):
        assert row == pytest.approx(expected, abs=1e-3)
    pairs = zip(weights(broken / "m.keras"), weights(unbroken / "m.keras"), strict=True)
    for weight, expected in pairs:
        assert weight == pytest.approx(expected, abs=1e-3)


def test_interrupted_and_begun_anew(table: Path, tmp_path: Path, quick: Quick) -> None:
    arguments = [*QUICK, str(table), "-o", "m.keras", "--epochs", "500", "--patience", "0", *SMALL]
    with subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        wait_for(lambda: epochs_done(tmp_path / "m.keras.ckpt") >= 1, process)
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
    assert "training on 36 clips of made (36 clips, 3 speakers), validated on 24 clips" in done.err
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
    assert "left out: 16 records without an emotion" in done.err
    assert "some speakers are not known" in done.err
    assert "(clips apart)" in done.err
    watched = int(done.err.split("validated on ")[1].split()[0])
    assert read_card(tmp_path / "m.keras")["clips"] == 80 - watched


def test_the_seed_is_kept(table: Path, tmp_path: Path) -> None:
    arguments = [str(table), "--epochs", "1", "--seed", "5", "--validation", "0", *SMALL]
    for name in "ab":
        again = [*QUICK, *arguments, "-o", f"{name}.keras"]
        subprocess.run(again, cwd=tmp_path, capture_output=True, check=True)
    assert read_card(tmp_path / "a.keras")["seed"] == 5
    # In processes of their own, equal trainings make equal files but for day and time.
    with (
        zipfile.ZipFile(tmp_path / "a.keras") as one,
        zipfile.ZipFile(tmp_path / "b.keras") as other,
    ):
        for member in ("config.json", "model.weights.h5", "model.tflite", "mel.npy"):
            assert one.read(member) == other.read(member), member


def test_a_table_on_stdin(table: Path, tmp_path: Path, quick: Quick) -> None:
    quick("-", "-o", "m.keras", "--epochs", 1, stdin=table.read_bytes())
    assert read_card(tmp_path / "m.keras")["labels"] == ["neutral", "sad", "angry"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "m.h5"], "must be a file named .keras"),
        (["-o", "-"], "must be a file named .keras"),
        ([], "Missing option '-o'"),
        (["-o", "folder.keras"], "folder.keras is a folder"),
        (["-o", "m.keras", "--jobs", "2"], "--jobs is for the folds of --cv"),
        (["-o", "cv", "--cv", "speaker:2", "-j", "2", "--tune", "3"], "and not with --tune"),
        (["-o", "m.keras", "--epochs", "0"], "--epochs"),
        (["-o", "m.keras", "--arch", "transformer9"], "--arch"),
        (["-o", "m.keras", "--validation", "1.5"], "--validation 1.5: is not between 0 and 1"),
        (["-o", "m.keras", "--validation", "nan"], "--validation nan: is not between 0 and 1"),
        (["-o", "m.keras", "--lr", "0"], "--lr 0.0: must be more than 0"),
        (["-o", "m.keras", "--support", "none"], "--support none: is no corpus of the table"),
        (["-o", "m.keras", "--arch", "cnnn"], "did you mean cnn?"),
        (["-o", "m.keras", "--set", "dropot=0.3"], "--set dropot=0.3: is not an option of cnn"),
        (["-o", "m.keras", "--set", "dropot=0.3"], "; did you mean dropout? Known names:"),
        (["-o", "m.keras", "--set", "dropout=much"], "--set dropout=much: is not a number"),
        (["-o", "m.keras", "--set", "augment.strech=1"], "did you mean augment.stretch?"),
        (["-o", "m.keras", "--set", "augment.stretch=x"], "stretch=x: is not a number"),
        (["-o", "m.keras", "--set", "dropout"], "--set dropout: is no assignment; write NAME"),
        (["-o", "m.keras", "--set", "dropout=3"], "--set dropout=3: must be at least 0 and less"),
        (["-o", "m.keras", "--set", "width=nan"], "--set width=nan: is not a finite number; give"),
        (
            ["-o", "m.keras", "--arch", "prosody-cnn", "--set", "reading=kernel"],
            "--set reading=kernel: is called prosody_classifier now; use prosody_classifier=kernel",
        ),
        (["-o", "m.keras", "--plot", "c.jpg"], "--plot c.jpg: is not a picture's name; end it in"),
        (["-o", "m.keras", "--plot-model", "n.pdf"], "--plot-model n.pdf: is not a picture's name"),
        (["-o", "m.keras", "--label-smoothing", "1"], "must be at least 0 and less than 1"),
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
        (["t.npy", "-o", "cv", "--cv", "none.json"], "none.json: does not exist"),
        (["t.npy", "-o", "cv", "--cv", "speaker:9"], "too few for 9 sides"),
        (["t.npy", "-o", "cv", "--cv", "ravdess"], "has nothing for fold 1 of ravdess"),
        (["one.npy", "-o", "m.keras"], "one emotion alone (sad)"),
        (["mute.npy", "-o", "m.keras", "--validation", "0"], "has no record with an emotion"),
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
