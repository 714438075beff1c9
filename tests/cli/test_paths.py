"""No command writes over what it reads, whichever of its options names the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import pytest
from conftest import Run

from ser.cli.paths import InputPath, InputTree, OutputPath, TextWithPath
from ser.cli.ser import SUMMARIES, load
from ser.dataset.table import Table, write_table

# What a command needs before the option under test means something, behind its input. Of a folder
# the results are inputs or not, one by one: those have tests of their own below.
NEEDS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("analyze", "--speaker-store"): ("--speakers", "2"),
    ("split", "--output"): ("other.npy",),
    ("train", "--tune-db"): ("--tune", "1", "-o", "new.keras"),
    ("train", "--tune-csv"): ("--tune", "1", "-o", "new.keras"),
    ("train", "--plot-search"): ("--tune", "1", "-o", "new.keras"),
    ("train", "--history"): ("-o", "new.keras"),
    ("train", "--plot"): ("-o", "new.keras"),
    ("train", "--plot-model"): ("-o", "new.keras"),
    ("train", "--write-generated"): ("-o", "new.keras"),
    ("translate", "--output"): ("--to", "sad"),
    ("translate", "--plot"): ("--to", "sad"),
    ("translate", "--spectrograms"): ("--to", "sad"),
}
FOLDERS = {
    ("analyze", "--output-dir"),
    ("extract", "--write-audio"),
    ("train", "--tensorboard"),
    ("yt", "--output"),
}
# Options whose input is none of the arguments.
INPUTS = {"yt": "--batch-file"}

PARAMETERS = [
    (name, parameter)
    for name in SUMMARIES
    for parameter in load(name).params
    if not getattr(parameter, "is_flag", False)
]
OUTPUTS = [
    (name, parameter.opts[-1])
    for name, parameter in PARAMETERS
    if isinstance(parameter.type, OutputPath)
]


def test_every_path_says_whether_it_is_read_or_written() -> None:
    roles = (InputPath, InputTree, OutputPath, TextWithPath)
    words = {"FILE", "DIR", "PATH", "TABLE", "FOLDS", "MODEL.KERAS", "FILE.NPY", "TABLE..."}
    for name, parameter in PARAMETERS:
        named = set(re.split(r"[=\[|]", (parameter.metavar or "").upper()))
        if isinstance(parameter.type, click.Path) or named & words:
            assert isinstance(parameter.type, roles), f"ser-{name} {parameter.opts[-1]}"


@pytest.mark.parametrize(
    ("name", "option"), [pair for pair in OUTPUTS if pair not in FOLDERS], ids=" ".join
)
@pytest.mark.parametrize("link", ["same", "hard", "soft"])
def test_an_output_that_is_an_input_is_refused(
    run: Run, tmp_path: Path, name: str, option: str, link: str
) -> None:
    given = tmp_path / "given.npy"
    given.write_bytes(b"precious")
    other = {"same": given, "hard": tmp_path / "hard.npy", "soft": tmp_path / "soft.npy"}[link]
    if link == "hard":
        other.hardlink_to(given)
    elif link == "soft":
        other.symlink_to(given)
    more = NEEDS.get((name, option), ())
    source = [INPUTS[name], given] if name in INPUTS else [given]
    if name == "listen" and option == "--save":
        # Without recordings it listens to the microphone.
        source = ["--model", given]
    done = run(f"ser-{name}", *source, option, other, *more)
    assert done.returncode == 2, done.err
    line = done.err.splitlines()[-1]
    assert "is an input too" in line
    assert str(given) in line
    assert str(other) in line
    assert given.read_bytes() == b"precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({"given.npy", other.name})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("analyze", ("a.wav", "-o", "x.csv", "--plot", "x.csv")),
        ("analyze", ("a.wav", "-o", "x.{csv,vtt}", "--html", "./x.vtt")),
        ("listen", ("-o", "x.wav", "--save", "x.wav")),
        ("split", ("t.npy", "-o", "x.npy", "./x.npy")),
        ("stats", ("m.keras", "t.npy", "--csv", "x", "--predictions", "x")),
        ("train", ("t.npy", "-o", "x.keras", "--history", "x.keras")),
        ("translate", ("a.wav", "--to", "sad", "-o", "x.wav", "--plot", "x.wav")),
        ("yt", ("https://example.org", "--archive", "x", "--cookies", "x")),
    ],
)
def test_two_outputs_are_two_files(run: Run, tmp_path: Path, name: str, words: list[str]) -> None:
    done = run(f"ser-{name}", *words)
    assert done.returncode == 2
    assert "to be written twice" in done.err or "is an input too" in done.err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("analyze", ("a.wav", "--model", "m.keras", "-o", "m.keras")),
        ("analyze", ("a.wav", "--enrol", "sad=b.wav", "-o", "b.wav")),
        ("analyze", ("a.wav", "--adapt", "b.wav", "--plot", "b.wav")),
        ("analyze", ("--files-from", "b.wav", "-o", "b.wav")),
        ("extract", ("a.wav", "--like", "m.keras", "-o", "m.keras")),
        ("stats", ("--audit", "a.wav", "--split", "b.wav", "--csv", "b.wav")),
        ("train", ("a.wav", "--validation", "b.wav", "-o", "b.wav")),
        ("listen", ("--text", "b.wav", "-o", "b.wav")),
    ],
)
def test_inputs_of_options_count(run: Run, tmp_path: Path, name: str, words: list[str]) -> None:
    for file in ("a.wav", "b.wav", "m.keras"):
        (tmp_path / file).write_bytes(b"precious")
    done = run(f"ser-{name}", *words)
    assert (done.returncode, "is an input too" in done.err) == (2, True), done.err
    assert all(path.read_bytes() == b"precious" for path in tmp_path.iterdir())


def test_braces_that_a_shell_has_expanded_are_outputs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "talk.wav").write_bytes(b"precious")
    done = run("ser-analyze", "talk.wav", "-o", "talk.csv", "talk.vtt", "--plot", "talk.vtt")
    assert done.returncode == 2
    assert "talk.vtt: is to be written twice" in done.err


def test_recordings_of_folders_and_manifests_are_inputs(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"precious")
    (tmp_path / "list.csv").write_text("path,emotion\nin/a.wav,sad\n")
    (tmp_path / "link.wav").hardlink_to(folder / "a.wav")
    for command in (
        ("ser-extract", "in", "-o", "in/a.wav"),
        ("ser-extract", "list.csv", "-o", "link.wav"),
        ("ser-analyze", "in", "-f", "csv", "-o", "in/a.wav"),
        ("ser-analyze", "in", "-f", "csv", "-o", "link.wav", "-j", "2"),
        ("ser-listen", "in", "-f", "csv", "-o", "link.wav"),
        ("ser-translate", "in", "--to", "sad", "-o", "out", "--plot", "link.wav.png"),
    ):
        if command[0] == "ser-translate":
            (tmp_path / "link.wav.png").hardlink_to(folder / "a.wav")
        done = run(*command)
        assert done.returncode == 2, (command, done.err)
        assert "is an input too" in done.err
        assert (folder / "a.wav").read_bytes() == b"precious"


def test_results_in_a_folder_are_no_inputs(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    (tmp_path / "a.wav.jsonl").write_bytes(b"precious")
    (tmp_path / "a.sad.wav").write_bytes(b"precious")
    done = run("ser-analyze", "a.wav", "a.wav.jsonl", "--output-dir", ".")
    assert (done.returncode, "is an input too" in done.err) == (2, True)
    done = run("ser-translate", "a.wav", "a.sad.wav", "--to", "sad", "-o", ".")
    assert (done.returncode, "is an input too" in done.err) == (2, True)
    assert (tmp_path / "a.wav.jsonl").read_bytes() == b"precious"
    assert (tmp_path / "a.sad.wav").read_bytes() == b"precious"


def test_tables_of_folds_are_no_inputs(run: Run, tmp_path: Path, spoken: Table) -> None:
    (tmp_path / "folds").mkdir()
    for name in ("fold-1.test.npy", "predictions.csv"):
        write_table(tmp_path / "folds" / name, spoken)
    before = (tmp_path / "folds/predictions.csv").read_bytes()
    done = run("ser-split", "folds/fold-1.test.npy", "--folds", 2, "-o", "folds")
    assert (done.returncode, "is an input too" in done.err) == (2, True)
    (tmp_path / "folds/folds.json").write_bytes(before)
    done = run("ser-split", "folds/predictions.csv", "--folds", "folds/folds.json", "-o", "folds")
    assert done.returncode != 0
    done = run("ser-train", "folds/predictions.csv", "--cv", "speaker:2", "-o", "folds")
    assert (done.returncode, "is an input too" in done.err) == (2, True)
    for path in (tmp_path / "folds").iterdir():
        assert path.read_bytes() == before
    assert len(np.load(tmp_path / "folds/fold-1.test.npy")) == len(spoken)
