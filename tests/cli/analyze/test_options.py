"""What the options of ser-analyze take, and what they refuse."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from analyzing import RATE, lines_of, six_seconds, speech
from conftest import Run
from speech import render
from spoken import EMOTIONS


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return six_seconds(tmp_path_factory.mktemp("audio"))


def test_windows_as_asked_for(run: Run, recording: Path, tiny_model: Path) -> None:
    rows = lines_of(run, recording, "--model", tiny_model, "--duration", 2.5, "--hop", 2)
    assert [(row["start"], row["end"]) for row in rows] == [(0, 2.5), (2, 4.5), (4, 6)]


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings of one voice: each emotion for three seconds, and all of them."""
    folder = tmp_path_factory.mktemp("voice")
    parts = [
        np.concatenate([render(e, 2, seed=20 + k, seconds=1.0, intensity="strong") for k in (0, 1)])
        for e in EMOTIONS
    ]
    for emotion, samples in zip(EMOTIONS, parts, strict=True):
        soundfile.write(folder / f"{emotion}.wav", samples, RATE)
    soundfile.write(folder / "all.wav", np.concatenate(parts), RATE)
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-", "--adapt", "self"], 2, "reads a recording twice"),
        (["all.wav", "--adapt", "self", "--adapt", "sad.wav"], 2, "does not go with"),
        (["all.wav", "--adapt", "none", "--adapt", "sad.wav"], 2, "--adapt none does not go with"),
        (["--mic", "--adapt", "self"], 2, "reads a recording twice with this model"),
        (["-", "--adapt", "-"], 2, "read only once"),
        (["all.wav", "--adapt", "-", "--enrol", "sad=-"], 2, "read only once"),
        (["all.wav", "--enrol", "sad.wav"], 2, "--enrol sad.wav: write EMOTION=FILE"),
        (["all.wav", "--enrol", "=sad.wav"], 2, "write EMOTION=FILE"),
        (["all.wav", "--enrol", "sad="], 2, "write EMOTION=FILE"),
        (["all.wav", "--enrol", "angri=sad.wav"], 2, "--enrol angri: the model does not know"),
        (["all.wav", "--enrol", "angri=sad.wav"], 2, "this emotion; did you mean angry? Known"),
        (["all.wav", "--enrol", "glum=sad.wav", "--adapt", "self"], 2, "--enrol glum: the"),
        (["all.wav", "--prior", "most"], 2, "'most' is no share: write alike, or neutral=0.8"),
        (["all.wav", "--prior", "=1"], 2, "'=1' is no share"),
        (["all.wav", "--prior", "sad=1,angry"], 2, "'angry' is no share"),
        (["all.wav", "--prior", "sad=1,angri=1"], 2, "--prior angri: the model does not know"),
        (["all.wav", "--prior", "sad=0"], 2, "--prior sad=0.0: has a share that is not above 0"),
        (["all.wav", "--prior", "alike", "--coverage", "0.9"], 2, "where the prior is learnt"),
        (["all.wav", "--enrol", "sad=none.wav"], 1, "none.wav: does not exist"),
        (["all.wav", "--adapt", "none.wav"], 1, "none.wav: does not exist"),
        (["all.wav", "--adapt", "short.wav"], 1, "short.wav: too little speech"),
    ],
)
def test_adaptation_that_cannot_be(
    arguments: list[str],
    code: int,
    words: str,
    run: Run,
    voice: Path,
    tiny_model: Path,
    tmp_path: Path,
) -> None:
    for name in ("all.wav", "sad.wav"):
        shutil.copy(voice / name, tmp_path / name)
    soundfile.write(tmp_path / "short.wav", speech(1), RATE)
    done = run("ser-analyze", *arguments, "--model", tiny_model)
    assert (done.returncode, done.out) == (code, "")
    assert words in " ".join(done.err.split())
    if code == 1:
        assert len(done.err.splitlines()) == 1
    assert "Traceback" not in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_cannot_be_read_twice(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    done = run("ser-analyze", "pipe", "--model", tiny_model, "--adapt", "self", timeout=60)
    assert done.returncode == 2
    assert "give files, not pipes" in done.err


def test_a_part_of_a_recording(run: Run, recording: Path, tiny_model: Path) -> None:
    command = (recording, "--model", tiny_model)
    windows = lines_of(run, *command)
    assert lines_of(run, *command, "--start", "1", "--end", "0:00:03") == windows[1:3]
    for wrong in (("--start", "later"), ("--end", "1:99"), ("--smooth", "1")):
        done = run("ser-analyze", *command, *wrong)
        assert done.returncode == 2
        assert wrong[0] in done.err
    done = run("ser-analyze", *command, "--start", "3", "--end", "2")
    assert done.returncode != 0
    assert "--end" in done.err


def test_several_formats_at_once(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    command = ("ser-analyze", recording, "--model", tiny_model, "--no-vad")
    expected = run(*command, "-f", "jsonl").out
    # As the shell passes it in quotes, and as it passes it without.
    for output in (("-o", "a.{jsonl,vtt,TextGrid}"), ("-o", "a.jsonl", "a.vtt", "a.TextGrid")):
        done = run(*command, *output)
        assert (done.returncode, done.out, done.err) == (0, "", "")
        assert (tmp_path / "a.jsonl").read_text() == expected
        assert (tmp_path / "a.vtt").read_text().startswith("WEBVTT")
        assert 'class = "IntervalTier"' in (tmp_path / "a.TextGrid").read_text()
        for name in ("a.jsonl", "a.vtt", "a.TextGrid"):
            (tmp_path / name).unlink()
    # Beside standard output.
    done = run(*command, "-o", "-", "-o", "b.srt")
    assert len(done.out.splitlines()) == 6
    assert (tmp_path / "b.srt").read_text().count("-->") == 6
