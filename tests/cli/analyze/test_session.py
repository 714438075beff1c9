"""Several recordings one after the other: headings, summaries, and failures that stop nobody."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from analyzing import RATE, lines_of, six_seconds, speech
from conftest import Run


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return six_seconds(tmp_path_factory.mktemp("audio"))


def test_several_inputs_have_headings(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "calls" / "deep"
    folder.mkdir(parents=True)
    shutil.copy(recording, folder / "b.wav")
    soundfile.write(tmp_path / "calls" / "a.flac", speech(2), RATE)
    (tmp_path / "calls" / "notes.txt").write_text("not audio")
    done = run("ser-analyze", "calls", recording, "--model", tiny_model)
    assert done.returncode == 0
    assert done.err == (
        "ser-analyze: note: calls: 1 file passed over that is no recording by its ending (.txt 1)\n"
    )
    blocks = [block.splitlines() for block in done.out.split("\n\n")]
    assert [block[0] for block in blocks] == [
        str(Path("calls", "a.flac")), str(Path("calls", "deep", "b.wav")), str(recording),
    ]  # fmt: skip
    assert [len(block) - 1 for block in blocks] == [2, 6, 6]
    listed = run(
        "ser-analyze", "--files-from", "-", "--model", tiny_model, "-f", "jsonl",
        stdin=f"{recording}\ncalls/a.flac\n".encode(),
    )  # fmt: skip
    files = [json.loads(line)["file"] for line in listed.out.splitlines()]
    assert files == [str(recording)] * 6 + ["calls/a.flac"] * 2


def test_one_bad_file_does_not_stop_the_others(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("hello")
    done = run(
        "ser-analyze", "none.wav", "empty.wav", "text.wav", recording, "--model", tiny_model,
        "-f", "jsonl",
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.out.splitlines()) == 6
    errors = done.err.splitlines()
    assert len(errors) == 3
    for line, name in zip(errors, ("none.wav", "empty.wav", "text.wav"), strict=True):
        assert line.startswith(f"ser-analyze: error: {name}: ")


def test_a_defect_in_the_middle(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    samples = np.tile(speech(6), 5)
    samples[25 * RATE] = np.nan
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "b.wav", speech(2), RATE)
    done = run("ser-analyze", "a.wav", "b.wav", "--model", tiny_model, "-f", "jsonl")
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert sum(row["file"] == "a.wav" for row in rows) >= 20
    assert sum(row["file"] == "b.wav" for row in rows) == 2
    assert len(done.err.splitlines()) == 1
    assert "a.wav: holds samples that are not numbers" in done.err


def test_summaries(run: Run, recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "b.wav", speech(3), RATE)
    inputs = (recording, "b.wav", "--model", tiny_model, "--summary")
    rows = lines_of(run, *inputs)
    assert [row["file"] for row in rows] == [str(recording), "b.wav"]
    assert [row["summary"]["windows"] for row in rows] == [6, 3]
    assert rows[0]["summary"]["seconds"] == 6
    assert sum(rows[0]["summary"]["shares"].values()) == pytest.approx(1, abs=1e-5)
    text = run("ser-analyze", *inputs)
    assert text.returncode == 0
    assert text.out.startswith(f"{recording}  0:06.0  ")
    assert text.out.count("strongest: ") == 2
    for name, delimiter in (("csv", ","), ("tsv", "\t")):
        done = run("ser-analyze", *inputs, "-f", name)
        table = list(csv.DictReader(io.StringIO(done.out), delimiter=delimiter))
        assert [row["windows"] for row in table] == ["6", "3"]
        assert table[0]["emotion"] == rows[0]["summary"]["emotion"]
