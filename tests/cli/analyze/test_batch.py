"""ser-analyze on many recordings, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from clusters import cluster, wait_for
from conftest import ROOT, Run
from speech import render
from spoken import EMOTIONS

from ser.dataset.table import read_table

RATE = 16_000
COMMAND = [sys.executable, str(ROOT / "bin" / "ser-analyze")]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def without_paths(found: dict[str, bytes]) -> dict[str, list[object]]:
    rows = {}
    for name, data in found.items():
        lines = [json.loads(line) for line in data.decode().splitlines()]
        rows[name] = [{**line, "file": Path(line["file"]).name} for line in lines]
    return rows


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve recordings of one to three seconds in three folders, two of one stem; two broken."""
    folder = tmp_path_factory.mktemp("audio") / "calls"
    for number in range(11):
        sounds = [
            render(EMOTIONS[(number + part) % 3], 1 + number % 4, seed=number, seconds=1.0)
            for part in range(1 + number % 3)
        ]
        path = folder / ("monday", "tuesday", ".")[number % 3] / f"{number:02d}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.concatenate(sounds), RATE)
    soundfile.write(folder / "monday" / "00.flac", render("angry", 2, seed=3, seconds=1.0), RATE)
    (folder / "broken.wav").write_bytes(b"RIFF what is this")
    (folder / "tuesday" / "empty.mp3").touch()
    return folder


@pytest.fixture(scope="module")
def expected(calls: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of one process."""
    out = tmp_path_factory.mktemp("expected") / "out"
    options = ["--model", str(tiny_model), "--output-dir", str(out), "--jobs", "1"]
    done = subprocess.run([*COMMAND, str(calls), *options], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    return out


def test_a_result_for_each_recording(
    run: Run, calls: Path, expected: Path, tiny_model: Path
) -> None:
    found = contents(expected)
    assert len(found) == 12
    assert {"monday/00.wav.jsonl", "monday/00.flac.jsonl", "02.wav.jsonl"} <= set(found)
    for name in ("monday/00.flac", "08.wav"):
        # The same as for one recording, whose name is as it was found.
        done = run("ser-analyze", calls / name, "--model", tiny_model, "-f", "jsonl")
        assert found[name + ".jsonl"] == done.stdout


def test_processes_make_the_same(
    run: Run, calls: Path, expected: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run("ser-analyze", calls, "--model", tiny_model, "--output-dir", "out", "--jobs", 2)
    assert done.returncode == 1
    assert done.out == ""
    assert contents(tmp_path / "out") == contents(expected)
    errors = [line for line in done.err.splitlines() if "error:" in line]
    assert len(errors) == 2
    assert f"{calls / 'broken.wav'}: " in errors[0]
    assert f"{calls / 'tuesday' / 'empty.mp3'}: is empty" in errors[1]
    assert re.search(
        r"^12 of 14 recordings done, 2 failed; 0:\d\d\.\d of sound in .* times real time$",
        done.err.splitlines()[-1],
    )


def test_resume_does_what_is_missing(
    run: Run, calls: Path, expected: Path, tiny_model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for name, data in contents(expected).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (out / "02.wav.jsonl").unlink()
    kept = out / "05.wav.jsonl"
    kept.write_text("mine")
    options = ("--model", tiny_model, "--output-dir", out)
    done = run("ser-analyze", calls, *options, "--resume", "--jobs", 2)
    assert done.returncode == 1
    assert "1 of 3 recordings done, 11 were there, 2 failed" in done.err
    assert kept.read_text() == "mine"
    assert (out / "02.wav.jsonl").read_bytes() == (expected / "02.wav.jsonl").read_bytes()
    # Another format is not there yet.
    done = run("ser-analyze", calls, *options, "--resume", "-f", "jsonl,srt", "-q")
    assert len(list(out.rglob("*.srt"))) == 12
    assert kept.read_bytes() == (expected / "05.wav.jsonl").read_bytes()


def test_ctrl_c_keeps_what_is_whole(
    calls: Path, expected: Path, tiny_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    for number in range(40):
        (folder / str(number)).mkdir(parents=True)
        (folder / str(number) / "a.wav").symlink_to(calls / "02.wav")
    out = tmp_path / "out"
    options = ["--model", str(tiny_model), "--output-dir", str(out), "--jobs", "2"]
    process = subprocess.Popen(
        [*COMMAND, str(folder), *options], stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for(lambda: len(list(out.rglob("a.wav.jsonl"))) > 2)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors.decode().splitlines()[-1] == "ser-analyze: interrupted"
    done = contents(out)
    assert 2 < len(done) <= 40
    assert {Path(name).name for name in done} == {"a.wav.jsonl"}
    (whole,) = without_paths({"x": (expected / "02.wav.jsonl").read_bytes()}).values()
    for rows in without_paths(done).values():
        assert len(rows) == len(whole)


def test_formats_summaries_and_pictures(
    run: Run, calls: Path, tiny_model: Path, tmp_path: Path
) -> None:
    more = ("--model", tiny_model, "--output-dir", tmp_path / "out", "-q")
    two = ("00.wav", "00.flac")
    views = ("-f", "TextGrid,vtt", "--plot", "svg", "--jobs", 2)
    done = run("ser-analyze", *two, *more, *views, cwd=calls / "monday")
    assert (done.returncode, done.err) == (0, "")
    names = {name + ending for name in two for ending in (".TextGrid", ".vtt", ".svg")}
    assert set(contents(tmp_path / "out")) == names
    assert (tmp_path / "out/00.wav.svg").read_text().startswith("<?xml")
    done = run("ser-analyze", *two, *more, "-f", "csv", "--summary", cwd=calls / "monday")
    (row,) = csv.DictReader((tmp_path / "out/00.wav.csv").open())
    assert row["file"] == "00.wav"
    assert float(row["duration"]) == 1.0


def test_voices(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    for speaker in (1, 2):
        sounds = [render(EMOTIONS[i % 3], speaker, seed=i, seconds=1.0) for i in range(6)]
        soundfile.write(tmp_path / f"{speaker}.wav", np.concatenate(sounds), RATE)
    options = ("1.wav", "2.wav", "--model", tiny_model, "--adapt", "self")
    plain = run("ser-analyze", *options, "-f", "jsonl")
    done = run("ser-analyze", *options, "--output-dir", "out", "--jobs", 2)
    assert done.returncode == 0, done.err
    found = contents(tmp_path / "out")
    assert b"".join(found[name] for name in ("1.wav.jsonl", "2.wav.jsonl")) == plain.stdout


def test_one_output_in_order(
    run: Run, calls: Path, expected: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run("ser-analyze", calls, "--model", tiny_model, "-f", "jsonl", "--jobs", 2)
    assert done.returncode == 1
    files = list(dict.fromkeys(json.loads(line)["file"] for line in done.out.splitlines()))
    assert len(files) == 12
    assert files == [
        str(calls / name)
        for name in (
            *("02.wav", "05.wav", "08.wav", "monday/00.flac", "monday/00.wav", "monday/03.wav"),
            *("monday/06.wav", "monday/09.wav", "tuesday/01.wav", "tuesday/04.wav"),
            *("tuesday/07.wav", "tuesday/10.wav"),
        )
    ]
    results = contents(expected)
    assert done.stdout == b"".join(
        results[str(Path(file).relative_to(calls)) + ".jsonl"] for file in files
    )
    assert len(done.err.splitlines()) == 2
    sums = run("ser-analyze", calls, "--model", tiny_model, "--summary", "-f", "csv", "-j", 2)
    assert len(list(csv.DictReader(io.StringIO(sums.out)))) == 12


def test_recordings_and_results_behind_urls(
    run: Run, calls: Path, expected: Path, tiny_model: Path, tmp_path: Path
) -> None:
    source, sink = calls.as_uri(), (tmp_path / "out").as_uri()
    options = ("--model", tiny_model, "--output-dir", sink)
    done = run("ser-analyze", source, *options, "--jobs", 2)
    assert done.returncode == 1
    assert without_paths(contents(tmp_path / "out")) == without_paths(contents(expected))
    assert f"{source}/tuesday/empty.mp3: is empty" in done.err
    done = run("ser-analyze", source, *options, "--resume")
    assert "0 of 2 recordings done, 12 were there" in done.err
    one = run("ser-analyze", f"{source}/02.wav", "--model", tiny_model, "-f", "jsonl")
    assert (one.returncode, one.err) == (0, "")
    assert f'"{source}/02.wav"' in one.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--resume"], "--resume needs --output-dir"),
        (["--output-dir", "out", "-o", "x.csv"], "--output-dir and --output exclude each other"),
        (["--output-dir", "out", "-f", "csv,nonsense"], "'nonsense' is unknown; use one of text"),
        (["--output-dir", "out", "-f", "srt", "--summary"], "--format srt: cannot hold summaries"),
        (["--output-dir", "out", "--plot", "x.pdf"], "--plot takes png or svg"),
        (["-f", "csv,vtt"], "Several formats need --output-dir"),
        (
            ["--cluster", "tcp://127.0.0.1:9", "--jobs", "2"],
            "--jobs and --cluster exclude each other",
        ),
        (["--cluster", ""], "--cluster needs the address"),
        (["--jobs", "0"], "0 is not in the range"),
    ],
)
def test_wrong_usage(
    arguments: list[str], message: str, run: Run, calls: Path, tiny_model: Path
) -> None:
    done = run("ser-analyze", calls, "--model", tiny_model, *arguments)
    assert done.returncode == 2
    assert message in done.err
    assert done.out == ""


def test_what_cannot_be_written(run: Run, calls: Path, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    options = ("--model", tiny_model, "--jobs", 2)
    done = run("ser-analyze", calls, *options, "--output-dir", "out")
    assert done.returncode == 1
    assert done.err.startswith("ser-analyze: error: ")
    assert "cannot be made" in done.err
    # A folder in the way of one file is no reason to give up the others.
    (tmp_path / "some" / "02.wav.jsonl").mkdir(parents=True)
    done = run("ser-analyze", calls, *options, "--output-dir", "some")
    assert done.returncode == 1
    assert "02.wav: cannot be written" in done.err
    assert len(contents(tmp_path / "some")) == 11
    done = run("ser-analyze", "-", *options, "--output-dir", "x", stdin=b"")
    assert "has no name that a result could have" in done.err


def test_a_bar_on_a_terminal(calls: Path, tiny_model: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, str(calls), "--model", str(tiny_model), "--output-dir", str(tmp_path / "out")],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
    )
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([ours], [], [], 1)
        try:
            part = os.read(ours, 65536) if ready else b""
        except OSError:
            break
        shown += part
    assert process.wait(10) == 1
    os.close(ours)
    text = shown.decode()
    assert re.search(r"14/14 files: 100%\|.*<.*failed=2, speed=\d+x ", text)
    # Failures come behind the bar.
    assert text.rindex(" files: ") < text.index("error: ")


def test_a_cluster_of_which_one_worker_dies(
    run: Run, calls: Path, expected: Path, tiny_model: Path, tmp_path: Path
) -> None:
    with cluster(tmp_path, 1) as made:
        options = ("--model", tiny_model, "--cluster", made.address)
        victim = made.join()
        process = subprocess.Popen(
            [*COMMAND, str(calls), *map(str, options), "--output-dir", str(tmp_path / "out")],
            stderr=subprocess.PIPE,
        )
        wait_for(lambda: contents(tmp_path / "out"))
        victim.kill()
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1
        assert errors.decode().count("error: ") == 2
        assert contents(tmp_path / "out") == contents(expected)
        # From another folder, and in order on standard output.
        done = run("ser-analyze", "tuesday", *options, "-f", "jsonl", cwd=calls)
        assert done.returncode == 1
        assert "tuesday/empty.mp3: is empty" in done.err
        alone = run("ser-analyze", "tuesday", "--model", tiny_model, "-f", "jsonl", cwd=calls)
        assert done.stdout == alone.stdout
        table = ("--preset", "speech", "--corpus", "none", "-o")
        far = run("ser-extract", ".", *table, tmp_path / "far.npy", *options[2:], cwd=calls)
        here = run("ser-extract", ".", *table, tmp_path / "here.npy", "-j", 1, cwd=calls)
        assert (tmp_path / "far.npy").read_bytes() == (tmp_path / "here.npy").read_bytes()
        assert far.err.replace("far", "here") == here.err
        urls = (calls.as_uri(), *table, f"{tmp_path.as_uri()}/out/urls.npy", *options[2:])
        assert run("ser-extract", *urls).returncode == 1
        names = read_table(tmp_path / "out" / "urls.npy")["path"]
        assert names[0].startswith(f"{calls.as_uri()}/")
        features = read_table(tmp_path / "here.npy")["x"]
        np.testing.assert_array_equal(read_table(tmp_path / "out" / "urls.npy")["x"], features)
