"""Playing, on a simulated loudspeaker."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sounds import Clock, simulate

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


def stepped(player: Player, clock: Clock) -> None:
    """Lets the device play as far as the clock has gone."""
    begun = clock.now

    def play(now: float) -> None:
        while player._stream is not None and player._stream.time <= now - begun + 1e-6:
            # Decoding is in a thread of its own.
            while (
                player._queue.empty() and player._thread is not None and player._thread.is_alive()
            ):
                threading.Event().wait(0.001)
            player._stream.step()

    clock.passing = play
    play(begun)


def test_which_moment_is_played(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, stepped=True)
    clock = Clock()
    monkeypatch.setattr("ser.audio.player.time", clock)
    idle: list[float] = []
    with Player(recording, start=1.0) as player:
        assert player.clock_time(1.0) is None
        assert player.position() == 1.0
        stepped(player, clock)
        # The simulated device plays a sample one block, 0.05 s, after it has got it.
        assert player.clock_time(1.0) == pytest.approx(clock.now + 0.05)
        start = clock.now
        for moment in (1.2, 1.4, 1.6):
            assert player.wait(moment, lambda: idle.append(player.position()))
            assert clock.now - start == pytest.approx(moment - 1.0 + 0.05)
            assert player.position() == pytest.approx(moment)
        assert player.level > 0.7
        # A moment that lies behind is no reason to wait.
        before = clock.now
        assert player.wait(1.1)
        assert clock.now == before
    assert len(idle) == 13
    assert idle == sorted(idle)
    assert idle[0] == 1.0


def test_a_moment_behind_the_end_never_comes(
    monkeypatch: pytest.MonkeyPatch, recording: Path
) -> None:
    simulate(monkeypatch, speed=20)
    with Player(recording) as player:
        assert not player.wait(60)


def test_stop_ends_it_from_another_thread(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, stepped=True)
    clock = Clock()
    monkeypatch.setattr("ser.audio.player.time", clock)
    idle: list[float] = []

    def stop_at_the_third() -> None:
        idle.append(clock.now)
        if len(idle) == 3:
            thread = threading.Thread(target=player.stop)
            thread.start()
            thread.join()

    with Player(recording) as player:
        stepped(player, clock)
        assert not player.wait(3, stop_at_the_third)
        player.finish()
    assert len(idle) == 3


def test_no_such_recording(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    simulate(monkeypatch)
    with pytest.raises(AudioError, match="does not exist"), Player(tmp_path / "none.wav"):
        raise AssertionError("played")


def test_a_device_that_is_busy(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, busy=True)
    with pytest.raises(AudioError, match=r"Loudspeaker: cannot be played on"), Player(recording):
        raise AssertionError("played")
