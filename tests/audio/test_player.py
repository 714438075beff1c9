"""Playing, on a simulated loudspeaker."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import simulate

from ser.audio import reader
from ser.audio.player import Player
from ser.errors import AudioError

RATE = 16_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "noise.wav"
    samples = np.random.default_rng(5).uniform(-0.5, 0.5, round(3.3 * RATE))
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


def test_what_is_played(monkeypatch: pytest.MonkeyPatch, recording: Path, tmp_path: Path) -> None:
    played = tmp_path / "played.f32"
    simulate(monkeypatch, rate=RATE, speed=8, played=str(played))
    with Player(recording, start=0.5, seconds=2.5) as player:
        player.finish()
    heard = np.fromfile(played, np.float32)
    # Silence before the first block and behind the last is allowed, and none in between.
    sounding = np.flatnonzero(heard)
    heard = heard[sounding[0] : sounding[-1] + 1]
    expected = reader.read(recording, RATE, offset=0.5, duration=2.5)
    assert np.array_equal(heard, expected)


def test_which_moment_is_heard(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch)
    idle: list[float] = []
    with Player(recording, start=1.0) as player:
        start = time.monotonic()
        for moment in (1.2, 1.4, 1.6):
            assert player.wait(moment, lambda: idle.append(player.position()))
            assert time.monotonic() - start == pytest.approx(moment - 1.0, abs=0.15)
            assert player.position() == pytest.approx(moment, abs=0.05)
        assert player.level > 0.7
        # A moment that lies behind is no reason to wait.
        before = time.monotonic()
        assert player.wait(1.1)
        assert time.monotonic() - before < 0.02
    assert len(idle) > 5
    assert idle == sorted(idle)
    assert idle[0] >= 1.0


def test_a_moment_behind_the_end_never_comes(
    monkeypatch: pytest.MonkeyPatch, recording: Path
) -> None:
    simulate(monkeypatch, speed=20)
    with Player(recording) as player:
        assert not player.wait(60)


def test_stop_ends_it_from_another_thread(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch)
    with Player(recording) as player:
        threading.Timer(0.2, player.stop).start()
        start = time.monotonic()
        assert not player.wait(3)
        player.finish()
    assert time.monotonic() - start < 1


def test_no_such_recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    simulate(monkeypatch)
    with pytest.raises(AudioError, match="does not exist"), Player(tmp_path / "none.wav"):
        raise AssertionError("played")


def test_a_device_that_is_busy(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, busy=True)
    with pytest.raises(AudioError, match=r"Loudspeaker: cannot be played on"), Player(recording):
        raise AssertionError("played")
