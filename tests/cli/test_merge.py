from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Run
from tables import make_table, ravdess_table

from ser.dataset.table import read_table, write_table
from ser.features.spec import FeatureSpec


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    first, second = tmp_path / "a.npy", tmp_path / "b.npy"
    write_table(first, ravdess_table(2, seed=1))
    write_table(second, make_table(6, seed=2, corpus="tess", speaker="OAF"))
    return first, second


def test_merges_and_summarises_on_stderr(
    run: Run, tmp_path: Path, tables: tuple[Path, Path]
) -> None:
    done = run("ser-merge", *tables, "-o", "all.npy")
    assert done.returncode == 0, done.err
    assert done.stdout == b""
    assert done.err.splitlines() == [
        "corpus   neutral  calm  happy  sad  angry  fearful  disgust  surprised  clips  speakers",
        "ravdess        2     4      4    4      4        4        4          4     30         2",
        "tess           1     1      1    1      1        1        0          0      6         1",
        "all            3     5      5    5      5        5        4          4     36         3",
        "36 of 36 records",
    ]
    merged = read_table(tmp_path / "all.npy")
    assert merged.tobytes() == b"".join(read_table(path).tobytes() for path in tables)


def test_labels_and_duplicates(run: Run, tmp_path: Path, tables: tuple[Path, Path]) -> None:
    done = run(
        "ser-merge", tables[0], tables[0], "--map", "calm=neutral", "--drop", "surprise,disgust",
        "-o", "all.npy",
    )  # fmt: skip
    assert done.returncode == 0, done.err
    assert done.err.splitlines()[-1] == (
        "22 of 60 records, 16 left out by emotion, 22 exact duplicates left out"
    )
    labels = set(read_table(tmp_path / "all.npy")["y"].tolist())
    assert labels == {"neutral", "happy", "sad", "angry", "fearful"}
    done = run(
        "ser-merge", *2 * [tables[0]], "--keep", "happy", "--keep-duplicates", "-o", "all.npy"
    )
    assert done.err.splitlines()[-1] == (
        "8 of 60 records, 52 left out by emotion, 4 exact duplicates kept"
    )


def test_warnings(run: Run, tmp_path: Path) -> None:
    table = make_table(8, y=["sad", "happy"] * 3 + ["", "calm"])
    table["x"][1:6] = table["x"][0]
    write_table(tmp_path / "t.npy", table)
    done = run("ser-merge", "t.npy", "--drop", "joyless", "-o", "m.npy")
    assert done.returncode == 0
    assert "ser-merge: warning: no record is labelled joyless" in done.err
    assert (
        "ser-merge: warning: 0/clip-1.wav is the same recording as 0/clip-0.wav, "
        "but the labels are happy and sad"
    ) in done.err
    assert done.err.endswith("3 of 8 records, 5 exact duplicates left out, 1 without emotion\n")
    done = run("ser-merge", "t.npy", "--labelled", "-q", "-o", "m.npy")
    assert (done.returncode, done.err) == (0, "")
    assert read_table(tmp_path / "m.npy")["y"].tolist() == ["sad", "calm"]


def test_pipes(run: Run, tables: tuple[Path, Path]) -> None:
    done = run("ser-merge", tables[1], "-", stdin=tables[0].read_bytes())
    assert done.returncode == 0, done.err
    merged = np.load(io.BytesIO(done.stdout))
    assert merged["corpus"].tolist() == ["tess"] * 6 + ["ravdess"] * 30


def test_other_features_are_refused(run: Run, tmp_path: Path, tables: tuple[Path, Path]) -> None:
    write_table(tmp_path / "c.npy", make_table(2, spec=FeatureSpec(n_mels=80)))
    done = run("ser-merge", *tables, "c.npy", "-o", "all.npy")
    assert done.returncode == 1
    assert done.err == (
        f"ser-merge: error: c.npy: holds other features than {tables[0]}: n_mels 64 against 80; "
        "extract both with the same options\n"
    )
    assert not (tmp_path / "all.npy").exists()


def test_every_bad_table_has_its_line_and_nothing_is_written(
    run: Run, tmp_path: Path, tables: tuple[Path, Path]
) -> None:
    (tmp_path / "text.npy").write_text("not a table")
    done = run("ser-merge", "none.npy", tables[0], "text.npy", "-o", "all.npy")
    assert done.returncode == 1
    first, second = done.err.splitlines()
    assert first == "ser-merge: error: none.npy: does not exist; check the path"
    assert second.startswith("ser-merge: error: text.npy: is not a readable .npy file")
    assert not (tmp_path / "all.npy").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [([], 2), (["-", "-"], 2), (["a.npy", "--map", "calm"], 2), (["a.npy", "--keep", "glad"], 1)],
)
def test_wrong_usage(
    run: Run, tmp_path: Path, tables: tuple[Path, Path], arguments: list[str], code: int
) -> None:
    done = run("ser-merge", *arguments, "-o", "m.npy")
    assert done.returncode == code
    assert "Traceback" not in done.err
    assert not (tmp_path / "m.npy").exists()


@pytest.mark.corpora
def test_the_twin_recordings_of_ravdess_are_found(run: Run, tmp_path: Path, corpora: Path) -> None:
    done = run("ser-extract", corpora / "ravdess" / "Actor_07", "-q", "-o", "actor.npy")
    assert done.returncode == 0, done.err
    done = run("ser-merge", "actor.npy", "-o", "merged.npy")
    assert done.returncode == 0, done.err
    assert done.err.endswith("59 of 60 records, 1 exact duplicate left out\n")
    done = run("ser-split", "actor.npy", "--by", "clip", "-q", "-o", "train.npy", "test.npy")
    assert done.returncode == 0, done.err
    sides = [
        {Path(path).stem for path in read_table(tmp_path / name)["path"].tolist()}
        for name in ("train.npy", "test.npy")
    ]
    twins = {"03-01-03-01-02-01-07", "03-01-03-01-02-02-07"}
    assert any(twins <= side for side in sides)


def test_stays_light(tables: tuple[Path, Path], tmp_path: Path) -> None:
    script = (
        "import sys; from ser.cli.merge import main\n"
        "main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'librosa', 'sklearn', 'scipy', 'matplotlib', 'av'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, tables), "-o", str(tmp_path / "m.npy")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"
    assert (tmp_path / "m.npy").exists()


def test_misspelt_emotions_are_answered_with_the_nearest(
    run: Run, tmp_path: Path, tables: tuple[Path, Path]
) -> None:
    done = run("ser-merge", tables[0], "--map", "clm=neutral,calm=neutrl", "-o", "m.npy")
    assert done.returncode == 0, done.err
    assert "no record is labelled clm; did you mean calm?" in done.err
    assert "neutrl is a new name of an emotion; did you mean neutral?" in done.err
