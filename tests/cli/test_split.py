from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Run
from tables import make_table, ravdess_table

from ser.dataset.table import Table, read_table, write_table


@pytest.fixture
def ravdess(tmp_path: Path) -> Table:
    table = ravdess_table()
    write_table(tmp_path / "ravdess.npy", table)
    return table


@pytest.fixture
def two_corpora(tmp_path: Path) -> Table:
    table = np.concatenate([ravdess_table(4, seed=1), make_table(20, seed=2, corpus="tess")])
    write_table(tmp_path / "all.npy", table)
    return table


def speakers(path: Path) -> set[str]:
    return set(read_table(path)["speaker"].tolist())


def test_speakers_are_apart_by_default(run: Run, tmp_path: Path, ravdess: Table) -> None:
    done = run("ser-split", "ravdess.npy", "--test", "0.25", "-o", "train.npy", "test.npy")
    assert done.returncode == 0, done.err
    assert done.stdout == b""
    heading, train, test = done.err.splitlines()
    assert heading.split()[:4] == ["side", "clips", "speakers", "neutral"]
    assert train.split() == ["train", "270", "18", "18", *["36"] * 7]
    assert test.split() == ["test", "90", "6", "6", *["12"] * 7]
    assert not speakers(tmp_path / "train.npy") & speakers(tmp_path / "test.npy")
    both = np.concatenate([read_table(tmp_path / f"{name}.npy") for name in ("train", "test")])
    assert sorted(both["path"]) == sorted(ravdess["path"])
    assert both.dtype == ravdess.dtype


def test_same_seed_same_files(run: Run, tmp_path: Path, ravdess: Table) -> None:
    for names in (("a", "b"), ("c", "d")):
        assert run("ser-split", "ravdess.npy", "--seed", 4, "-o", *names).returncode == 0
    assert (tmp_path / "b").read_bytes() == (tmp_path / "d").read_bytes()
    run("ser-split", "ravdess.npy", "--seed", 5, "-o", "e", "f")
    assert (tmp_path / "b").read_bytes() != (tmp_path / "f").read_bytes()


def test_by_clip_says_that_speakers_overlap(run: Run, tmp_path: Path, ravdess: Table) -> None:
    done = run("ser-split", "ravdess.npy", "--by", "clip", "-o", "train.npy", "test.npy")
    assert done.returncode == 0
    assert "ser-split: note: speakers are on both sides" in done.err
    assert speakers(tmp_path / "train.npy") & speakers(tmp_path / "test.npy")


def test_unknown_speakers_get_advice(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", make_table(20, speaker=""))
    done = run("ser-split", "t.npy", "-o", "a.npy", "b.npy")
    assert done.returncode == 1
    assert done.err.startswith("ser-split: error: t.npy: has 20 of 20 records without a speaker")
    assert "split by clip" in done.err
    assert run("ser-split", "t.npy", "--by", "clip", "-o", "a.npy", "b.npy").returncode == 0


@pytest.mark.parametrize("option", ["--actors", "--speakers"])
def test_speakers_by_name(run: Run, tmp_path: Path, ravdess: Table, option: str) -> None:
    done = run("ser-split", "ravdess.npy", option, "1,ravdess/02", "-o", "train.npy", "test.npy")
    assert done.returncode == 0, done.err
    assert speakers(tmp_path / "test.npy") == {"01", "02"}
    done = run("ser-split", "ravdess.npy", option, "99", "-o", "x.npy", "y.npy")
    assert done.returncode == 2
    assert (
        f"Error: {option} 99: ravdess.npy has none of this name; use one of ravdess/01, "
        in done.err
    )


def test_corpora_by_name(run: Run, tmp_path: Path, two_corpora: Table) -> None:
    done = run("ser-split", "all.npy", "--corpora", "tess", "-o", "train.npy", "test.npy")
    assert done.returncode == 0, done.err
    assert set(read_table(tmp_path / "test.npy")["corpus"].tolist()) == {"tess"}
    assert set(read_table(tmp_path / "train.npy")["corpus"].tolist()) == {"ravdess"}


def test_folds(run: Run, tmp_path: Path, ravdess: Table) -> None:
    done = run("ser-split", "ravdess.npy", "--folds", 5, "-o", "folds/")
    assert done.returncode == 0, done.err
    folder = tmp_path / "folds"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["folds.json"] + [f"fold-{n}.{side}.npy" for n in range(1, 6) for side in ("train", "test")]
    )
    content = json.loads((folder / "folds.json").read_text())
    assert (content["by"], content["seed"]) == ("speaker", 0)
    for number, names in enumerate(content["folds"], start=1):
        test = speakers(folder / f"fold-{number}.test.npy")
        assert {f"ravdess/{name}" for name in test} == set(names)
        assert not test & speakers(folder / f"fold-{number}.train.npy")
    again = run("ser-split", "ravdess.npy", "--folds=folds/folds.json", "-o", "again")
    assert again.returncode == 0, again.err
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_published_folds(run: Run, tmp_path: Path, ravdess: Table) -> None:
    done = run("ser-split", "ravdess.npy", "--folds", "ravdess", "-o", "folds")
    assert done.returncode == 0, done.err
    assert speakers(tmp_path / "folds" / "fold-5.test.npy") == {"01", "04", "09", "22"}


def test_one_fold_per_corpus(run: Run, tmp_path: Path, two_corpora: Table) -> None:
    done = run("ser-split", "all.npy", "--by", "corpus", "--folds", "-o", "folds")
    assert done.returncode == 0, done.err
    content = json.loads((tmp_path / "folds" / "folds.json").read_text())
    assert sorted(content["folds"]) == [["ravdess"], ["tess"]]


def test_pipes(run: Run, tmp_path: Path, ravdess: Table) -> None:
    table = (tmp_path / "ravdess.npy").read_bytes()
    done = run("ser-split", "-", "-o", "-", "test.npy", stdin=table)
    assert done.returncode == 0, done.err
    train = np.load(io.BytesIO(done.stdout))
    assert len(train) + len(read_table(tmp_path / "test.npy")) == len(ravdess)


@pytest.mark.parametrize(
    "arguments",
    [
        ["-o", "a.npy"],
        [],
        ["--folds", "5"],
        ["--folds", "1", "-o", "d"],
        ["--folds", "5", "--test", "0.2", "-o", "d"],
        ["--folds", "-o", "d"],
        ["--folds", "ravdess", "--by", "corpus", "-o", "d"],
        ["--test", "1.5", "-o", "a.npy", "b.npy"],
        ["--test", "0.2", "--actors", "1", "-o", "a.npy", "b.npy"],
        ["--by", "clip", "--actors", "1", "-o", "a.npy", "b.npy"],
        ["-o", "a.npy", "a.npy"],
    ],
)
def test_wrong_usage(run: Run, tmp_path: Path, ravdess: Table, arguments: list[str]) -> None:
    done = run("ser-split", "ravdess.npy", *arguments)
    assert done.returncode == 2, done.err
    assert done.err.startswith("Usage: ser-split")
    assert [path.name for path in tmp_path.iterdir()] == ["ravdess.npy"]


def test_too_few_groups_leave_nothing_behind(run: Run, tmp_path: Path, ravdess: Table) -> None:
    done = run("ser-split", "ravdess.npy", "--folds", 25, "-o", "folds")
    assert done.returncode == 1
    assert "has 24 speakers that can be kept apart, too few for 25 sides" in done.err
    assert not (tmp_path / "folds").exists()


def test_missing_table(run: Run) -> None:
    done = run("ser-split", "none.npy", "-o", "a.npy", "b.npy")
    assert done.returncode == 1
    assert done.err == "ser-split: error: none.npy: does not exist; check the path\n"


def test_a_side_that_cannot_be_written_leaves_no_half_pair(
    run: Run, tmp_path: Path, ravdess: Table
) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run("ser-split", "ravdess.npy", "-o", "train.npy", "file/test.npy")
    assert done.returncode == 1
    assert "file/test.npy: cannot be written" in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "ravdess.npy"]


def test_stays_light(tmp_path: Path, ravdess: Table) -> None:
    script = (
        "import sys; from ser.cli.split import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'librosa', 'sklearn', 'scipy', 'matplotlib', 'av'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    files = [str(tmp_path / name) for name in ("ravdess.npy", "train.npy", "test.npy")]
    done = subprocess.run(
        [sys.executable, "-c", script, files[0], "-o", *files[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"
    assert (tmp_path / "test.npy").exists()


@pytest.mark.parametrize("options", [("-o", "train.npy", "test.npy"), ("--folds", 3, "-o", "f")])
@pytest.mark.parametrize("by", ["speaker", "clip"])
def test_copies_are_trained_on_alone(
    run: Run, tmp_path: Path, ravdess: Table, options: tuple[object, ...], by: str
) -> None:
    copies = ravdess.copy()
    copies["augment"] = "noise=10dB:white"
    copies["x"] += 1
    write_table(tmp_path / "copied.npy", np.concatenate([ravdess, copies]))
    done = run("ser-split", "copied.npy", "--by", by, *options)
    assert done.returncode == 0, done.err
    folder = tmp_path / "f" if "--folds" in options else tmp_path
    tested = 0
    for name in sorted(folder.glob("*test.npy")):
        test = read_table(name)
        train = read_table(name.with_name(name.name.replace("test", "train")))
        assert not test["augment"].any()
        assert (train["augment"] != "").sum() == len(train) / 2
        assert not set(test["path"].tolist()) & set(train["path"].tolist())
        assert len(train) / 2 + len(test) == len(ravdess)
        tested += len(test)
    assert f"{tested} augmented copies of test clips are left out" in done.err
