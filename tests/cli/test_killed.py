"""Commands that are killed while they write, and commands that write the same file at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile
from conftest import ROOT, Run
from recordings import sound, speech
from speech import render
from tables import make_table
from website import Site, site

from ser.dataset.table import Table, read_table, write_table

__all__ = ["site"]

# Runs a command that dies of SIGKILL when its output is complete and has not got its name.
KILLED = """
import os, signal, sys
from pathlib import Path
from ser.dataset.writer import TableWriter
from ser.io.files import TemporaryOutput
from ser.cli.ser import load
die = lambda self: os.kill(os.getpid(), signal.SIGKILL)
TemporaryOutput.commit = TableWriter.close = die
load(sys.argv[1]).main(sys.argv[2:])
"""

MERGE = [sys.executable, str(ROOT / "bin" / "ser-merge")]


def leave(folder: Path, name: str, *words: object) -> list[str]:
    """Runs a command that is killed, and gives the names of the files that it leaves."""
    before = set(folder.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, name, *map(str, words)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == -9, done.stderr.decode()
    return [path.name for path in set(folder.rglob("*")) - before if path.is_file()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_table(tmp_path / "a.npy", make_table(4, seed=1))
    soundfile.write(tmp_path / "said.wav", render("sad", 1, seed=1, seconds=2.0), 16_000)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "words", "made"),
    [
        ("merge", ("a.npy", "-o", "out/all.npy"), ["all.npy"]),
        ("split", ("a.npy", "--by", "clip", "-o", "out/x.npy", "out/y.npy"), ["x.npy", "y.npy"]),
        ("extract", ("said.wav", "-o", "out/t.npy"), ["t.npy"]),
        ("analyze", ("said.wav", "-o", "out/said.csv"), ["said.csv"]),
        ("analyze", ("said.wav", "--output-dir", "out", "-j", "1"), ["said.wav.jsonl"]),
        ("analyze", ("said.wav", "-o", "out/x.{csv,vtt}"), ["x.csv", "x.vtt"]),
        ("analyze", ("said.wav", "-o", "x.csv", "--html", "out/x.html"), ["x.html"]),
        ("translate", ("said.wav", "--to", "sad", "-o", "out/sad.wav"), ["sad.wav"]),
    ],
)  # fmt: skip
def test_the_next_run_removes_what_a_kill_has_left(
    run: Run, place: Path, name: str, words: tuple[str, ...], made: list[str]
) -> None:
    left = leave(place, name, *words)
    assert left
    assert all(file.startswith(".") or file.endswith(".part") for file in left)
    done = run(f"ser-{name}", *words)
    assert done.returncode == 0, done.err
    assert sorted(path.name for path in (place / "out").iterdir()) == made


def test_a_killed_training_leaves_nothing_behind_the_next(
    run: Run, tmp_path: Path, spoken: Table
) -> None:
    write_table(tmp_path / "t.npy", spoken)
    words = ("t.npy", "--arch", "svm", "--validation", "0", "-o", "out/m.keras")
    assert any(name.endswith(".ser-lock") for name in leave(tmp_path, "train", *words))
    done = run("ser-train", *words)
    assert done.returncode == 0, done.err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["m.keras"]


def test_a_killed_download_leaves_nothing_behind_the_next(
    run: Run, tmp_path: Path, site: Site
) -> None:
    url = site.put("/good.ogg", sound(speech(48_000), 48_000, "OGG", "OPUS"))
    assert any(".ser-" in name for name in leave(tmp_path, "yt", url, "-o", "out"))
    done = run("ser-yt", url, "-o", "out")
    assert done.returncode == 0, done.err
    (path,) = (tmp_path / "out").iterdir()
    assert path.suffix == ".wav"


def test_merges_at_once_give_one_whole_table(tmp_path: Path) -> None:
    tables = [make_table(40, seed=1), make_table(50, seed=2)]
    for number, table in enumerate(tables):
        write_table(tmp_path / f"{number}.npy", table)
    for _ in range(2):
        runs = [
            subprocess.Popen(
                [*MERGE, f"{number}.npy", "-o", "all.npy"], cwd=tmp_path, stderr=subprocess.PIPE
            )
            for number in (0, 1)
        ]
        for process in runs:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
        merged = read_table(tmp_path / "all.npy").tobytes()
        assert merged in [table.tobytes() for table in tables]
        assert sorted(path.name for path in tmp_path.iterdir()) == ["0.npy", "1.npy", "all.npy"]


def test_a_second_run_on_a_part_file_is_refused(run: Run, place: Path) -> None:
    from ser.dataset.writer import TableWriter

    with TableWriter(place / "t.npy", make_table(1).dtype):
        done = run("ser-extract", "said.wav", "-o", "t.npy")
    assert done.returncode == 1
    assert done.err == (
        "ser-extract: error: t.npy: is being written by another run; wait for it, or name another "
        "output\n"
    )
    done = run("ser-extract", "said.wav", "-o", "t.npy")
    assert done.returncode == 0, done.err
