"""Which sound ser-analyze hears: channels, tracks, and recordings with something missing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from analyzing import RATE, six_seconds
from broadcasts import marks, write_packets
from conftest import Run


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return soundfile.read(six_seconds(tmp_path_factory.mktemp("audio")), dtype="float32")[0]


@pytest.fixture
def call(voice: Any, tmp_path: Path) -> Path:
    """Two people, a channel each: the second says nothing in the last two seconds."""
    other = np.roll(voice, 2 * RATE).copy()
    other[4 * RATE :] = 0
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack([voice, other], axis=1), RATE)
    return path


def rows_of(run: Run, *arguments: object) -> list[dict[str, Any]]:
    done = run("ser-analyze", *arguments, "-f", "jsonl")
    assert (done.returncode, done.err) == (0, ""), done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_one_channel_is_that_recording(
    run: Run, call: Path, voice: Any, tiny_model: Path, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "alone.wav", voice, RATE)
    alone = rows_of(run, tmp_path / "alone.wav", "--model", tiny_model)
    first = rows_of(run, call, "--model", tiny_model, "--channel", "1")
    assert [row.pop("channel") for row in first] == [1] * 6
    assert [row | {"file": ""} for row in first] == [row | {"file": ""} for row in alone]
    second = rows_of(run, call, "--model", tiny_model, "--channel", "2")
    assert [row["emotion"] for row in second[4:]] == ["no speech", "no speech"]


def test_each_channel_in_every_format(run: Run, call: Path, tiny_model: Path) -> None:
    rows = rows_of(run, call, "--model", tiny_model, "--channel", "each")
    assert [(row["start"], row["channel"]) for row in rows] == [
        (second, channel) for second in range(6) for channel in (1, 2)
    ]
    for number in (1, 2):
        alone = rows_of(run, call, "--model", tiny_model, "--channel", number)
        assert [row for row in rows if row["channel"] == number] == alone

    def out(name: str, *more: str) -> str:
        done = run("ser-analyze", call, "--model", tiny_model, "--channel=each", "-f", name, *more)
        assert done.returncode == 0, done.err
        return str(done.out)

    table = list(csv.DictReader(io.StringIO(out("csv"))))
    assert [row["channel"] for row in table] == ["1", "2"] * 6
    assert [float(row["confidence"]) for row in table] == [row["confidence"] for row in rows]
    assert {line.split()[2] for line in out("rttm").splitlines()} == {"1", "2"}
    for name in ("vtt", "srt", "audacity", "text"):
        assert "[1] " in out(name)
        assert "[2] " in out(name)
    for name in ("textgrid", "eaf"):
        assert all(
            f'"{tier} {n}"' in out(name) for tier in ("emotion", "confidence") for n in (1, 2)
        )
    summaries = list(csv.DictReader(io.StringIO(out("csv", "--summary"))))
    assert [row["channel"] for row in summaries] == ["1", "2"]
    assert float(summaries[1]["speech"]) < float(summaries[0]["speech"])
    for row in summaries:
        spoken = float(row["talk"]) / float(row["duration"])
        assert spoken == pytest.approx(float(row["speech"]), abs=0.01)
        assert 0 < spoken < 0.95
    (whole, _) = csv.DictReader(io.StringIO(out("csv", "--summary", "--no-vad")))
    assert (whole["speech"], whole["talk"]) == ("1.000000", "")


def test_what_does_not_go_with_each_channel(run: Run, call: Path, tiny_model: Path) -> None:
    for option in (["--plot", "x.png"], ["--text"]):
        done = run("ser-analyze", call, "--model", tiny_model, "--channel", "each", *option)
        assert done.returncode == 2
        assert "--channel each and " in done.err
    done = run("ser-analyze", "-", "--model", tiny_model, "--channel", "each")
    assert done.returncode == 2
    assert "give files, not pipes" in done.err
    done = run("ser-analyze", call, "--model", tiny_model, "--channel", "left")
    assert done.returncode == 2
    assert "'left' is no channel; give mix, each, 1, 2" in done.err
    done = run("ser-analyze", call, "--model", tiny_model, "--channel", "3")
    assert done.returncode == 1
    assert "call.wav: has no channel 3: it has 2; give a channel from 1 to 2" in done.err


def test_an_incomplete_recording(run: Run, voice: Any, tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, np.tile(voice, 2), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 20_000])
    whole = tmp_path / "whole.wav"
    soundfile.write(whole, voice, RATE)
    said = "cut.wav: is incomplete: 6.6 of 12.0 s are there; fetch it or copy it again"
    done = run("ser-analyze", path, "--model", tiny_model, "-f", "jsonl")
    assert done.returncode == 1
    assert done.err.count("\n") == 1
    assert said in done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["start"] for row in rows] == [0, 1, 2, 3, 4, 5, 6]
    # Whatever waits for the end has it: summaries, segments, pictures, pages, folders.
    done = run("ser-analyze", path, whole, "--model", tiny_model, "--summary", "-f", "csv")
    assert done.returncode == 1
    lengths = [row["duration"] for row in csv.DictReader(io.StringIO(done.out))]
    assert lengths == ["6.624", "6.000"]
    done = run("ser-analyze", path, "--model", tiny_model, "--segments", "--plot", "x.png")
    assert (done.returncode, (tmp_path / "x.png").exists()) == (1, True)
    assert "0:06.5" in done.out
    done = run(
        "ser-analyze", path, whole, "--model", tiny_model, "--output-dir", "out", "-j", "2",
        "-f", "jsonl",
    )  # fmt: skip
    assert done.returncode == 1
    assert said in done.err
    kept = (tmp_path / "out").rglob("*.jsonl")
    assert sorted(len(file.read_text().splitlines()) for file in kept) == [6, 7]


def test_remarks_are_said_once(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "gap.mkv"
    write_packets(path, "aac", marks(44_100), 44_100, dropped=(4.0, 6.0))
    for more in ([], ["--channel", "each"], ["--output-dir", "out"], ["-j", "2"]):
        done = run("ser-analyze", path, "--model", tiny_model, *more)
        assert done.returncode == 0, done.err
        assert done.err.count("it holds no sound from 4.0 to 6.0 s: silence there") == 1
        assert f"note: {path}: it holds" in done.err


def test_other_tracks(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    write_packets(tmp_path / "one.mkv", "aac", marks(44_100), 44_100)
    done = run("ser-analyze", "one.mkv", "--track", "2", "--model", tiny_model)
    assert done.returncode == 1
    assert "has no track 2 of sound: it has 1 track; leave --track out" in done.err
