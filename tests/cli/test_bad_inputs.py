"""Whatever one input breaks is its own failure: named on one line, and the others are done."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import Run
from speech import render

from ser.audio import reader
from ser.dataset.table import read_table
from ser.features.extract import Extractor
from ser.inference.classifier import Classifier

# What libraries raise beside the exceptions that anybody would think of.
RAISED = [KeyError("rate"), AttributeError("codec"), IndexError("3"), TypeError("no"), OSError("x")]

# The recording that breaks something is recognized by its length, wherever it has got to.
BAD_SECONDS, GOOD_SECONDS = 1.75, 2.0


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    for name, seconds in (("a", GOOD_SECONDS), ("bad", BAD_SECONDS), ("c", GOOD_SECONDS)):
        samples = render("sad", 1, seed=1, seconds=seconds)
        soundfile.write(folder / f"{name}.wav", samples[: round(seconds * 16_000)], 16_000)
    return folder


def is_bad(samples: Any) -> bool:
    return abs(len(samples) - BAD_SECONDS * 16_000) < 100


@pytest.fixture(params=RAISED, ids=lambda error: type(error).__name__)
def broken_reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Exception:
    """A decoder that raises what no decoder should, at one file."""
    error: Exception = request.param
    real, real_length = reader.stream, reader.length

    def stream(source: Any, *args: Any, **options: Any) -> Iterator[Any]:
        if "bad" in str(source):
            raise error
        yield from real(source, *args, **options)

    def length(source: Any) -> float:
        if "bad" in str(source):
            raise error
        return real_length(source)

    monkeypatch.setattr(reader, "stream", stream)
    monkeypatch.setattr(reader, "length", length)
    monkeypatch.setattr(reader, "read", lambda *a, **k: np.concatenate(list(stream(*a, **k))))
    return error


def check_line(errors: str, kind: str = "") -> None:
    lines = [line for line in errors.splitlines() if "error:" in line]
    assert len(lines) == 1, errors
    assert "bad.wav: cannot be analysed" in lines[0]
    assert kind in lines[0]


def test_a_decoder_that_raises_anything_ends_no_other_clip(
    run: Run, sounds: Path, tmp_path: Path, broken_reader: Exception
) -> None:
    done = run("ser-extract", sounds, "-o", "t.npy", "-j", 1)
    assert done.returncode == 1
    check_line(done.err, type(broken_reader).__name__)
    assert len(read_table(tmp_path / "t.npy")) == 2
    done = run("ser-extract", sounds, "-o", "u.npy", "-j", 1, "--duration", 1)
    assert done.returncode == 1
    check_line(done.err)
    assert len(read_table(tmp_path / "u.npy")) == 2


def test_a_decoder_that_raises_anything_ends_no_other_analysis(
    run: Run, sounds: Path, tmp_path: Path, broken_reader: Exception
) -> None:
    for words in ((), ("--output-dir", "out", "-j", 1)):
        done = run("ser-analyze", sounds, "-f", "jsonl", *words)
        assert done.returncode == 1
        check_line(done.err, type(broken_reader).__name__)
        if words:
            assert len(list((tmp_path / "out").iterdir())) == 2
        else:
            files = [json.loads(line)["file"] for line in done.out.splitlines()]
            assert [Path(file).name for file in files] == ["a.wav", "c.wav"]


def test_features_that_fail_are_one_clips_failure(
    run: Run, sounds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Extractor.prepare

    def prepare(self: Extractor, samples: Any) -> Any:
        if is_bad(samples):
            raise KeyError("rhythm")
        return real(self, samples)

    monkeypatch.setattr(Extractor, "prepare", prepare)
    done = run("ser-extract", sounds, "-o", "t.npy", "-j", 1)
    assert done.returncode == 1
    check_line(done.err, "KeyError: 'rhythm'")
    assert len(read_table(tmp_path / "t.npy")) == 2


def test_a_network_that_fails_is_one_recordings_failure(
    run: Run, sounds: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Classifier.probabilities
    calls: list[int] = []

    def probabilities(self: Classifier, *args: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise IndexError("tensor 7")
        return real(self, *args, **options)

    monkeypatch.setattr(Classifier, "probabilities", probabilities)
    done = run("ser-analyze", sounds, "-f", "jsonl")
    assert done.returncode == 1
    check_line(done.err, "IndexError: tensor 7")
    assert len(done.out.splitlines()) == 2


def test_a_full_disk_is_no_recordings_failure(run: Run, sounds: Path) -> None:
    if not Path("/dev/full").is_char_device():
        pytest.skip("no /dev/full on this system")
    done = run("ser-analyze", sounds, "-o", "/dev/full")
    assert done.returncode == 1
    assert done.err.count("error:") == 1
    assert "/dev/full: cannot be written (No space left on device)" in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("ser-extract", "-o", "t.npy"),
        ("ser-analyze", "-f", "jsonl"),
        ("ser-analyze", "--output-dir", "out"),
        ("ser-translate", "--to", "sad", "-o", "out"),
        ("ser-listen", "--transcript-only", "--asr-model", "sphinx", "-f", "jsonl"),
    ],
    ids=" ".join,
)
def test_an_unreadable_path_among_others_is_one_failure(
    run: Run, sounds: Path, tmp_path: Path, command: tuple[str, ...]
) -> None:
    name, *options = command
    long = "x" * 300 + ".wav"
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    done = run(name, sounds / "a.wav", long, "loop.wav", "missing.wav", sounds / "c.wav", *options)
    assert done.returncode == 1, done.err
    lines = [line for line in done.err.splitlines() if "error:" in line]
    assert len(lines) == 3, done.err
    for line, word in zip(sorted(lines), ("loop.wav", "missing.wav", long), strict=True):
        assert f"{name}: error: {word}: " in line
    assert "internal error" not in done.err
    assert done.out or list(tmp_path.glob("out/*")) or (tmp_path / "t.npy").exists()


def test_a_file_that_kills_workers_is_found(run: Run, sounds: Path, tmp_path: Path) -> None:
    """A process that dies at one file, as of a decoder's bug: SIGSEGV cannot be caught."""
    crash = tmp_path / "sitecustomize.py"
    crash.write_text(
        "import os, signal, sys\n"
        "import importlib.abc\n"
        "def hook(event, args):\n"
        "    if event == 'open' and 'bad.wav' in str(args[0]) and 'forkserver' in _command():\n"
        "        os.kill(os.getpid(), signal.SIGSEGV)\n"
        "def _command():\n"
        "    return open('/proc/self/cmdline').read() if os.path.exists('/proc') else ''\n"
        "sys.addaudithook(hook)\n"
    )
    if not Path("/proc/self/cmdline").exists():
        pytest.skip("no /proc on this system")
    environment = {"PYTHONPATH": str(tmp_path)}
    for folder in ("in",):
        (tmp_path / folder).mkdir()
        for number in range(12):
            os.link(sounds / "a.wav", tmp_path / folder / f"{number}.wav")
        os.link(sounds / "bad.wav", tmp_path / folder / "bad.wav")
    done = run("ser-extract", "in", "-o", "t.npy", "-j", 2, "--duration", 1, env=environment)
    assert done.returncode == 1, done.err
    assert "in/bad.wav: took its worker process down" in done.err
    assert len(read_table(tmp_path / "t.npy")) == 12
    words = ("-f", "jsonl", "-j", 2, "-o", "all.jsonl")
    done = run("ser-analyze", "in/1.wav", "in/bad.wav", "in/2.wav", *words, env=environment)
    assert done.returncode == 1, done.err
    assert "in/bad.wav: took its worker process down" in done.err
    assert len((tmp_path / "all.jsonl").read_text().splitlines()) == 2


def test_a_pipe_in_a_folder_is_passed_over(run: Run, sounds: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    os.link(sounds / "a.wav", tmp_path / "in" / "a.wav")
    os.mkfifo(tmp_path / "in" / "b.wav")
    done = run("ser-analyze", "in", "-f", "jsonl", timeout=60)
    assert (done.returncode, len(done.out.splitlines())) == (0, 1), done.err
    done = run("ser-extract", "in", "-o", "t.npy", timeout=60)
    assert done.returncode == 0, done.err
    assert len(read_table(tmp_path / "t.npy")) == 1
