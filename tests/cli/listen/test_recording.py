"""Recording from the microphone, which is simulated."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
from conftest import ROOT, Run
from sounds import simulated

RATE = 16_000
# No cache of this machine, and no hub that could be reached.
ALONE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_XET": "1"}
BUILT_IN = ("--asr-model", "sphinx", "--text-model", "lexicon")


def test_devices(run: Run) -> None:
    done = run("ser-listen", "--list-devices", env=simulated())
    assert done.returncode == 0
    first, second = done.out.splitlines()
    assert first == "*   0  Built-in Microphone  (Simulated, 2 in, 48000 Hz)"
    assert second.startswith("    1  USB Microphone")
    done = run("ser-listen", "--list-devices", env=simulated(devices=0))
    assert (done.returncode, done.out) == (0, "")
    assert "no microphone was found" in done.err


def test_the_microphone_until_silence(run: Run, talk: Path, tmp_path: Path) -> None:
    sound = simulated(recording=str(talk), rate=RATE, speed=4)
    done = run(
        "ser-listen", *BUILT_IN, "--silence", "1", "--save", "kept.wav", "-f", "jsonl", env=sound
    )
    assert done.returncode == 0, done.err
    assert done.err.strip() == "speak now (Built-in Microphone); ends with 1 s of silence"
    (record,) = map(json.loads, done.out.splitlines())
    assert record["file"] == "microphone"
    assert record["text"]
    kept = soundfile.info(tmp_path / "kept.wav")
    assert kept.samplerate == RATE
    assert 3.5 < kept.duration < 5.5


def test_the_microphone_for_some_seconds(run: Run, talk: Path, tmp_path: Path) -> None:
    sound = simulated(recording=str(talk), rate=RATE, speed=4)
    options = ("--seconds", "2.5", "--silence", "0", "-f", "jsonl")
    done = run("ser-listen", *BUILT_IN, *options, env=sound)
    assert done.returncode == 0, done.err
    (record,) = map(json.loads, done.out.splitlines())
    assert 1.5 < record["end"] <= 2.5
    # Nothing is kept that was not asked for.
    assert list(tmp_path.iterdir()) == []


def test_nobody_speaks(run: Run, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "still.wav", np.zeros(RATE), RATE)
    sound = simulated(recording=str(tmp_path / "still.wav"), rate=RATE, speed=20)
    done = run("ser-listen", *BUILT_IN, env=sound)
    assert done.returncode == 1
    assert "microphone: heard nobody speak; check its level, or --mic-device" in done.err
    done = run("ser-listen", *BUILT_IN, env=simulated(devices=0))
    assert done.returncode == 1
    assert "no microphone" in done.err


def test_enter_ends_a_recording_on_a_terminal(talk: Path, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    sound = simulated(recording=str(talk), rate=RATE)
    process = subprocess.Popen(
        [sys.executable, ROOT / "bin" / "ser-listen", *BUILT_IN, "--silence", "0", "-f", "jsonl"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, **sound, "NO_COLOR": "1"},
        cwd=tmp_path,
    )
    shown = b""
    while b"speak now" not in shown:
        shown += os.read(ours, 1000)
    time.sleep(3.2)
    os.write(ours, b"\n")
    out, _ = process.communicate(timeout=60)
    shown += os.read(ours, 100_000)
    os.close(theirs)
    os.close(ours)
    assert process.returncode == 0, shown
    assert b"ends with Enter" in shown
    assert "█".encode() in shown  # the level meter
    assert json.loads(out)["file"] == "microphone"
