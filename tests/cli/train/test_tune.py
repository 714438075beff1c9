"""ser-train --tune as a user runs it: searched, killed, continued, refused."""

from __future__ import annotations

import csv
import io
import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from trainings import QUICK, train_within, wait_for

from ser.dataset.table import Table, write_table
from ser.models.artifact import read_card

SEARCH = (
    "--arch", "small", "--no-augment", "--batch-size", "16", "--epochs", "2", "--tune-epochs", "1",
    "--tune-folds", "2", "--device", "cpu",
)  # fmt: skip


@pytest.fixture(scope="module")
def table(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("table") / "speech.npy"
    write_table(path, spoken)
    return path


def trials(database: Path) -> list[tuple[str, float]]:
    """State and score of every trial, as the file has them."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "select trials.state, trial_values.value from trials left join trial_values "
            "on trial_values.trial_id = trials.trial_id order by trials.number"
        )
        return list(rows)


def finished(database: Path) -> int:
    try:
        return sum(state in ("COMPLETE", "PRUNED") for state, _ in trials(database))
    except sqlite3.Error:
        return 0


def test_killed_and_continued(table: Path, spoken: Table, tmp_path: Path) -> None:
    database = tmp_path / "m.keras.tune.db"
    arguments = [str(table), "-o", "m.keras", *SEARCH, "--tune"]
    with subprocess.Popen(
        [*QUICK, *arguments, "50"], cwd=tmp_path, stderr=subprocess.DEVNULL
    ) as process:
        wait_for(lambda: finished(database) >= 2, process)
        process.send_signal(signal.SIGKILL)
    before = finished(database)
    assert before < 50
    assert not (tmp_path / "m.keras").exists()
    kept = [score for state, score in trials(database) if state in ("COMPLETE", "PRUNED")]

    relabelled = spoken.copy()
    relabelled["y"] = np.roll(relabelled["y"], 1)
    write_table(tmp_path / "other.npy", relabelled)
    done = train_within(tmp_path, "other.npy", *arguments[1:], "4", "--resume", expect=1)
    [line] = [line for line in done.err.splitlines() if "error" in line]
    assert line.startswith("ser-train: error: m.keras.tune.db: is a search with another table;")

    count = before + 2
    done = train_within(
        tmp_path, *arguments, count, "--resume", "--tune-csv", "-", "--plot-search", "s.png"
    )
    assert f"m.keras.tune.db: continued after {before} trials" in done.err
    said = [line for line in done.err.splitlines() if line.startswith("trial ")]
    assert [line.split(":")[0] for line in said] == [
        f"trial {n}/{count}" for n in (before + 1, count)
    ]
    # Optuna says nothing in its own words.
    assert "[I " not in done.err
    assert "Warning" not in done.err
    found = [score for state, score in trials(database) if state in ("COMPLETE", "PRUNED")]
    assert found[:before] == kept
    assert len(found) == count
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [float(row["score"]) for row in rows] == found
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")

    # What was trained at the end is what did best.
    complete = [row for row in rows if row["outcome"] == "complete"]
    best = max(complete, key=lambda row: (float(row["score"]), -int(row["trial"])))
    card = read_card(tmp_path / "m.keras")
    for name in ("lr", "weight_decay", "label_smoothing"):
        assert card["training"][name] == card["tuning"]["chosen"][name] == float(best[name])
    assert card["training"]["epochs"] == 2
    assert card["tuning"]["trials"] == count
    assert card["tuning"]["inner_uar"] == float(best["score"])
    assert "optimistic" in card["tuning"]["note"]
    # Speakers that are set aside to watch the training take no part in the search.
    assert (
        f"{card['clips']} training clips of {len(card['speakers'])} speakers"
        in (card["tuning"]["protocol"])
    )
    assert card["clips"] < 96


def test_interrupted(table: Path, tmp_path: Path) -> None:
    database = tmp_path / "search.db"
    arguments = [*QUICK, str(table), "-o", "m.keras", *SEARCH, "--tune", "50"]
    with subprocess.Popen(
        [*arguments, "--tune-db", "search.db"], cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        wait_for(lambda: finished(database) >= 1, process)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert process.wait(120) == 130
    assert "search.db: kept with " in said
    assert "continue with --resume" in said
    assert "Traceback" not in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["search.db"]
    # Begun anew, the old one is not lost; and time is limited.
    done = train_within(
        tmp_path, table, "-o", "m.keras", *SEARCH, "--tune", 50, "--tune-time", "0.1s",
        "--tune-db", "search.db", "--validation", 0, "--set", "augment.stretch=0.1", "--augment",
    )  # fmt: skip
    assert "search.db: not continued and now search.db.old, for --resume is not given" in done.err
    assert "--tune-time: over after 1 of 50 trials" in done.err
    assert finished(tmp_path / "search.db.old") >= 1
    assert finished(database) == 1
    card = read_card(tmp_path / "m.keras")
    assert card["clips"] == 96
    assert card["training"]["augment"]["stretch"] == 0.1
    assert "augment.stretch" not in card["tuning"]["searched"]
    assert "augment.shift" in card["tuning"]["searched"]


def test_nested_in_a_cross_validation(table: Path, tmp_path: Path) -> None:
    options = (*SEARCH, "--tune", 2)
    train_within(tmp_path, table, "-o", "cv", "--cv", "speaker:2", *options, "-q")
    report = json.loads((tmp_path / "cv" / "report.json").read_text())
    words = "hyperparameters chosen inside every fold (best of up to 2 trials on 2 inner folds of 1"
    assert words in report["protocol"]
    for number in (1, 2):
        assert finished(tmp_path / "cv" / f"fold-{number}.keras.tune.db") == 2
        card = read_card(tmp_path / "cv" / f"fold-{number}.keras")
        # The test fold takes no part in its search.
        assert "of 48 training clips of 4 speakers" in card["tuning"]["protocol"]
        assert card["training"]["lr"] == card["tuning"]["chosen"]["lr"]
    # Finished folds are kept, whatever hyperparameters they have.
    before = (tmp_path / "cv" / "fold-2.keras").stat().st_mtime_ns
    train_within(tmp_path, table, "-o", "cv", "--cv", "speaker:2", *options, "-q", "--resume")
    assert (tmp_path / "cv" / "fold-2.keras").stat().st_mtime_ns == before

    # The figures are those of a tuned network, and of no other.
    final = ("--validation", 0, "--report", "cv")
    done = train_within(tmp_path, table, "-o", "n.keras", *SEARCH[:-6], *final, expect=1)
    assert "cv: was made with other options" in done.err
    done = train_within(tmp_path, table, "-o", "n.keras", *SEARCH, "--tune", 3, *final, expect=1)
    assert "cv: was made with other options" in done.err
    assert not (tmp_path / "n.keras.tune.db").exists()
    train_within(tmp_path, table, "-o", "m.keras", *options, *final, "-q")
    card = read_card(tmp_path / "m.keras")
    assert card["metrics"]["uar"] == report["scores"]["uar"]
    assert card["tuning"]["trials"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--tune-time", "2h"], "--tune-time needs --tune."),
        (["--tune-db", "s.db"], "--tune-db needs --tune."),
        (["--plot-search", "s.png"], "--plot-search needs --tune."),
        (["--tune", "0"], "--tune"),
        (["--tune", "2", "--tune-folds", "1"], "--tune-folds"),
        (["--tune", "2", "--tune-time", "2 hours"], "2 hours is not a time such as 2h"),
        (
            ["--tune", "2", "--cv", "speaker:2", "--tune-db", "s.db"],
            "--tune-db and --cv exclude",
        ),
        (["--tune", "2", "--cv", "speaker:2", "--tune-csv", "-"], "fold-N.keras.tune.db"),
    ],
)
def test_wrong_usage(
    arguments: list[str], words: str, run: Run, table: Path, tmp_path: Path
) -> None:
    done = run("ser-train", table, "-o", "m.keras", *arguments)
    assert (done.returncode, done.out) == (2, "")
    assert words in done.err
    assert list(tmp_path.iterdir()) == []


def test_without_optuna(table: Path, tmp_path: Path) -> None:
    blocked = [*QUICK[:2], f"import sys; sys.modules['optuna'] = None\n{QUICK[2]}"]
    done = subprocess.run(
        [*blocked, str(table), "-o", "m.keras", "--tune", "2"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "ser-train: error: --tune: needs the Python package optuna; "
        "pip install '.[tune]' in the checkout of ser"
    ]


def test_a_picture_that_cannot_be_is_refused_at_once(table: Path, tmp_path: Path) -> None:
    done = train_within(
        tmp_path, table, "-o", "m.keras", "--tune", 2, "--plot-search", "s.gif", expect=2
    )
    assert "s.gif: is not a picture's name" in done.err
    assert list(tmp_path.iterdir()) == []
