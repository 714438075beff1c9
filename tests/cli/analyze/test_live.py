"""ser-analyze --mic and --play, with simulated devices in place of the machine's."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import ROOT, Run
from sounds import simulated
from speech import render
from spoken import EMOTIONS

RATE = 16_000
COMMAND = [sys.executable, str(ROOT / "bin" / "ser-analyze")]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of each of two emotions, and one of silence."""
    parts = [render(EMOTIONS[i], 1, seed=9, seconds=1.0, intensity="strong") for i in (0, 2)]
    path = tmp_path_factory.mktemp("audio") / "talk.wav"
    soundfile.write(path, np.concatenate([*parts, np.zeros(RATE)]), RATE)
    return path


def rows_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@dataclass
class Session:
    """A command that runs on a terminal, and what came from it when."""

    process: subprocess.Popen[bytes]
    pieces: list[tuple[float, str]]

    @property
    def text(self) -> str:
        return "".join(piece for _, piece in self.pieces)

    def frames(self) -> list[tuple[float, str]]:
        """When each picture was drawn, and how it looked."""
        found, text = [], ""
        for at, piece in self.pieces:
            text += piece
            *whole, text = re.split(r"\x1b\[\d+A\r", text)
            found += [(at, re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", frame)) for frame in whole]
        return found


def on_terminal(*arguments: object, seconds: float, **sound: Any) -> Session:
    """Runs it on a terminal of its own, and presses Ctrl-C after some seconds of output."""
    here, there = pty.openpty()
    environment = {**os.environ, **simulated(**sound), "TERM": "xterm-256color", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=there,
        stdout=there,
        stderr=there,
        env=environment,
        start_new_session=True,
    )
    os.close(there)
    session = Session(process, [])
    for at, data in pieces_of(here):
        session.pieces.append((at, data.decode()))
        if at - session.pieces[0][0] > seconds and process.returncode is None:
            process.send_signal(signal.SIGINT)
            seconds = np.inf
    process.wait(30)
    return session


def pieces_of(descriptor: int) -> Iterator[tuple[float, bytes]]:
    try:
        while select.select([descriptor], [], [], 60)[0]:
            data = os.read(descriptor, 1 << 16)
            if not data:
                return
            yield time.monotonic(), data
    except OSError:
        # So a terminal says on Linux that nobody writes there any more.
        return
    finally:
        os.close(descriptor)


def test_a_picture_that_moves(tiny_model: Path, recording: Path) -> None:
    done = on_terminal("--mic", "--model", tiny_model, seconds=3.3, recording=str(recording))
    assert done.process.returncode == 0, done.text
    frames = done.frames()
    assert "listening" in frames[0][1]
    shown = [(at, frame) for at, frame in frames if "delay" in frame]
    # Redrawn in place, at least four times in each second.
    times = np.array([at for at, _ in shown])
    assert times[-1] - times[0] > 2
    for start in np.arange(times[0], times[-1] - 1, 0.5):
        assert ((times >= start) & (times < start + 1)).sum() >= 4
    for _, frame in shown:
        lines = frame.split("\r\n")
        assert [line.split(" ")[0] for line in lines[1:4]] == list(EMOTIONS)
        assert float(re.search(r"delay (\d\.\d\d) s", lines[0])[1]) < 1.0
    # First one emotion, then the other, with the longest bar.
    heads = [frame.split("\r\n")[0] for _, frame in shown]
    words = [next(word for word in (*EMOTIONS, "no speech") if word in head) for head in heads]
    assert words.index(EMOTIONS[0]) < words.index(EMOTIONS[2])
    assert "█" in shown[0][1]
    assert "\x1b[?25h" in done.text
    assert re.search(r"\d+ windows, each shown 0\.\d\d s after its sound", done.text)
    # Nothing else was asked for.
    assert "{" not in done.text
    assert "–" not in done.text


def test_data_beside_the_picture(tiny_model: Path, recording: Path) -> None:
    done = on_terminal(
        "--mic", "--model", tiny_model, "--end", 2, "-f", "jsonl",
        seconds=60, recording=str(recording),
    )  # fmt: skip
    assert done.process.returncode == 0, done.text
    lines = re.findall(r"\{.*\}", done.text)
    assert [json.loads(line)["end"] for line in lines] == [1.0, 1.2, 1.4, 1.6, 1.8, 2.0]
    # The picture is taken away before a line is written, and drawn again below it.
    assert done.text.count("\x1b[J{") == len(lines)


def test_plain_lines_in_a_pipe(tiny_model: Path, recording: Path) -> None:
    environment = {**os.environ, **simulated(recording=str(recording))}
    with subprocess.Popen(
        [*COMMAND, "--mic", "--model", str(tiny_model)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        came, lines = [], []
        for line in process.stdout:
            came.append(time.monotonic())
            lines.append(line.decode())
            if len(lines) == 13:
                process.send_signal(signal.SIGINT)
        error = process.stderr.read().decode()
        assert process.wait(30) == 0
    # Five in a second, as they are heard and not at the end.
    assert came[12] - came[0] == pytest.approx(2.4, abs=0.7)
    assert lines[0].startswith(f"0:00.0–0:01.0  {EMOTIONS[0]}")
    assert not any("\x1b" in line for line in lines)
    # The last second of the recording, and what follows, is silence.
    assert "no speech" in lines[12]
    assert re.fullmatch(r"\d+ windows, each shown 0\.\d+ s after .* \(at most \d\.\d+ s\)\n", error)


def test_the_same_as_from_a_file(run: Run, tiny_model: Path, recording: Path) -> None:
    options = ("--model", tiny_model, "--format", "jsonl", "--hop", 0.5, "--end", 3)
    sound = simulated(recording=str(recording), rate=RATE, speed=4)
    live = run("ser-analyze", "--mic-device", "usb", *options, env=sound)
    assert live.returncode == 0, live.err
    plain = run("ser-analyze", recording, *options)
    rows, expected = rows_of(live.out), rows_of(plain.out)
    assert len(rows) == len(expected) == 5
    for row, other in zip(rows, expected, strict=True):
        assert row["file"] == "microphone"
        assert (row["start"], row["end"]) == (other["start"], other["end"])
        assert row["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)


def test_outputs_and_what_becomes_of_windows(
    run: Run, tiny_model: Path, recording: Path, tmp_path: Path
) -> None:
    sound = simulated(recording=str(recording), speed=4)
    options = ("--mic", "--model", tiny_model, "--end", 3, "-q")
    done = run("ser-analyze", *options, "--segments", "-o", "live.{jsonl,vtt}", env=sound)
    assert (done.returncode, done.out, done.err) == (0, "", "")
    rows = rows_of((tmp_path / "live.jsonl").read_text(encoding="utf-8"))
    emotions = [row["emotion"] for row in rows]
    assert emotions[0] == EMOTIONS[0]
    assert emotions[-1] == "no speech"
    assert 3 <= len(rows) < 11
    assert all(one != other for one, other in itertools.pairwise(emotions))
    assert (rows[0]["start"], rows[-1]["end"]) == (0.0, 3.0)
    assert (tmp_path / "live.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    done = run("ser-analyze", *options, "--summary", "--plot", "live.png", env=sound)
    assert (done.returncode, done.err) == (0, "")
    assert done.out.startswith("microphone  0:03.0")
    assert (tmp_path / "live.png").read_bytes().startswith(b"\x89PNG")


def test_a_recording_that_is_played(
    run: Run, tiny_model: Path, recording: Path, tmp_path: Path
) -> None:
    played = tmp_path / "played.f32"
    options = ("--model", tiny_model, "--format", "jsonl", "--start", 0.5, "--end", 3)
    start = time.monotonic()
    live = run(
        "ser-analyze", "--play", recording, *options, env=simulated(rate=RATE, played=str(played))
    )
    assert live.returncode == 0, live.err
    assert time.monotonic() - start > 2.5
    plain = run("ser-analyze", recording, *options, "--hop", 0.2)
    rows, expected = rows_of(live.out), rows_of(plain.out)
    assert [row["start"] for row in rows] == [row["start"] for row in expected]
    assert [row["probabilities"] for row in rows] == [row["probabilities"] for row in expected]
    heard, samples = np.fromfile(played, np.float32), soundfile.read(recording)[0]
    sounding = np.flatnonzero(heard)
    heard = heard[sounding[0] : sounding[-1] + 1]
    assert heard == pytest.approx(samples[RATE // 2 : RATE // 2 + len(heard)], abs=1e-4)
    # Each was shown when its middle was heard.
    delay = re.search(r"8 windows, each shown (\S+) s after", live.err)
    assert delay is not None
    assert float(delay[1]) < 0.2


def test_the_picture_follows_what_is_played(tiny_model: Path, recording: Path) -> None:
    done = on_terminal("--play", recording, "--model", tiny_model, seconds=60)
    assert done.process.returncode == 0, done.text
    heads = [
        (float(found[1]), found[2])
        for _, frame in done.frames()
        if (found := re.search(r"0:0(\d\.\d)  (\w+)", frame))
    ]
    # A second of one and a second of another: the change is shown when it is heard.
    first = [at for at, word in heads if word == EMOTIONS[2]]
    assert first[0] == pytest.approx(1.1, abs=0.4)
    assert [at for at, _ in heads] == sorted(at for at, _ in heads)
    assert heads[-1][0] > 2.3


def test_interrupted_while_it_plays(tiny_model: Path, recording: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    done = on_terminal("--play", recording, "--model", tiny_model, "-o", target, seconds=1.3)
    assert done.process.returncode == 0, done.text
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("file,start,end")
    assert 2 < len(lines) < 10


def test_the_microphone_is_unplugged(run: Run, tiny_model: Path, recording: Path) -> None:
    sound = simulated(recording=str(recording), unplugged=True, speed=4)
    done = run("ser-analyze", "--mic", "--model", tiny_model, "-f", "jsonl", env=sound)
    assert done.returncode == 1
    assert "Built-in Microphone: has stopped giving sound" in done.err
    # What the resampler held back, some hundredths of a second, is lost with the device.
    assert rows_of(done.out)[-1]["end"] >= 2.8


def test_a_muted_microphone(run: Run, tiny_model: Path) -> None:
    options = ("--mic", "--model", tiny_model, "--end", 4)
    done = run("ser-analyze", *options, env=simulated(speed=4))
    assert done.returncode == 0
    assert done.err.count("the microphone gives nothing but zeros") == 1
    assert {line.split("  ")[1] for line in done.out.splitlines()} == {"no speech"}


def test_no_device(run: Run, tmp_path: Path, tiny_model: Path) -> None:
    options = ("--model", tiny_model, "-o", "out.csv")
    for live, what in ((("--mic",), "microphone"), (("--play", "a.wav"), "loudspeaker")):
        done = run("ser-analyze", *live, *options, env=simulated(devices=0))
        assert (done.returncode, done.out) == (1, "")
        assert done.err.startswith(f"ser-analyze: error: sound: this system has no {what}")
        assert done.err.count("\n") == 1
    done = run("ser-analyze", "--mic-device", "nix", *options, env=simulated())
    assert done.returncode == 1
    assert "nix: is no microphone; use a number or a longer name of: 0 Built-in" in done.err
    done = run("ser-analyze", "--play", "a.wav", *options, env=simulated())
    assert done.returncode == 1
    assert "a.wav: does not exist" in done.err
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra(run: Run, tmp_path: Path, tiny_model: Path) -> None:
    (tmp_path / "sounddevice.py").write_text("raise ModuleNotFoundError(name='sounddevice')")
    environment = {"PYTHONPATH": str(tmp_path)}
    done = run("ser-analyze", "--mic", "--model", tiny_model, env=environment)
    assert done.returncode == 1
    assert "pip install '.[live]'" in done.err
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
    done = run("ser-analyze", "--mic", "--model", tiny_model, env=environment)
    assert done.returncode == 1
    assert "apt install libportaudio2" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--mic", "a.wav"), "--mic and AUDIO exclude each other: live sound is analysed alone"),
        (("--play", "a.wav", "--files-from", "b"), "--play and AUDIO exclude each other"),
        (("--mic", "--play", "a.wav"), "--mic and --play exclude each other: hear one of them"),
        (("--play", "-"), "not a pipe"),
        (
            ("--mic", "--start", "3"),
            "--mic and --start exclude each other: the microphone begins now",
        ),
        (("--mic", "--jobs", "2"), "--mic and --jobs exclude each other: live sound is heard here"),
        (("--play", "a.wav", "--cluster", "tcp://h:1"), "--play and --cluster exclude each other"),
    ],
)
def test_what_does_not_go_together(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run("ser-analyze", *arguments)
    assert done.returncode == 2
    assert words in done.err
