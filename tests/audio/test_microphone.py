"""Recording, from simulated devices."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from sounds import Clock, simulate

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.devices import find_device
from ser.audio.microphone import Microphone
from ser.errors import AudioError, DependencyError

RATE = 16_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a rising tone at 48 kHz."""
    path = tmp_path_factory.mktemp("sound") / "tone.wav"
    t = np.arange(96_000) / 48_000
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * (200 + 500 * t) * t), 48_000, subtype="FLOAT")
    return path


def test_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch, devices=0)
    with pytest.raises(AudioError, match="this system has no microphone"):
        Microphone(RATE)
    simulate(monkeypatch, devices=2)
    with pytest.raises(AudioError, match="this system has no loudspeaker"):
        find_device("output")


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DependencyError, match=r"pip install '.\[live\]'"):
        Microphone(RATE)


@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000])
def test_what_is_recorded(
    monkeypatch: pytest.MonkeyPatch, recording: Path, tmp_path: Path, rate: int
) -> None:
    simulate(monkeypatch, recording=str(recording), rate=rate, speed=8)
    with Microphone(RATE, seconds=1.5) as microphone:
        blocks = list(microphone)
    assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
    heard = np.concatenate(blocks)
    assert len(heard) == 1.5 * RATE
    assert len(blocks) > 10
    # As if the file had been decoded; the simulated device has resampled it once more.
    expected = reader.read(recording, RATE, duration=1.5)
    assert np.abs(heard - expected)[200:-200].max() < 2e-3


def test_clock_time(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, recording=str(recording), rate=RATE, stepped=True)
    clock = Clock()
    monkeypatch.setattr("ser.audio.microphone.time", clock)
    with Microphone(RATE, block_seconds=0.05) as microphone:
        blocks, given, opened = iter(microphone), 0, clock.now
        for _ in range(10):
            clock.sleep(0.05)
            microphone._stream.step()
            given += len(next(blocks))
            # A block arrives at the moment at which its last sample is recorded.
            assert microphone.clock_time(given / RATE) == pytest.approx(clock.now)
            assert microphone.clock_time(0) == pytest.approx(opened)
    assert given == 0.5 * RATE
    assert microphone.clock_time(0.2) == pytest.approx(opened + 0.2)


def test_clock_time_of_a_late_device(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    """A device that hands its samples on later than they were recorded says by how much."""
    simulate(monkeypatch, recording=str(recording), rate=RATE, stepped=True)
    clock = Clock()
    monkeypatch.setattr("ser.audio.microphone.time", clock)
    with Microphone(RATE) as microphone:
        # The device's own times: when the first sample was recorded, and now.
        for late, said in ((0.3, 0.3), (0.0, 9.0)):
            data = np.zeros((800, 1), np.float32)
            moment = SimpleNamespace(inputBufferAdcTime=7.0, currentTime=7.0 + 0.05 + said)
            microphone._receive(data, 800, moment, None)
            next(iter(microphone))
            assert microphone.clock_time(0.05) == pytest.approx(clock.now - late)
            microphone._samples_read = 0


def test_stop_ends_it_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch, speed=8)
    count = 0
    with Microphone(RATE) as microphone:
        for _ in microphone:
            count += 1
            if count == 3:
                thread = threading.Thread(target=microphone.stop)
                thread.start()
                thread.join()
    assert count == 3
    assert list(microphone) == []


def test_stop_wakes_who_waits_for_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch, stepped=True)
    monkeypatch.setattr("ser.audio.microphone._TIMEOUT", 1e6)
    found: list[Samples] = []
    with Microphone(RATE) as microphone:
        thread = threading.Thread(target=lambda: found.extend(microphone), daemon=True)
        thread.start()
        microphone.stop()
        thread.join(60)
        assert not thread.is_alive()
    assert found == []


def test_a_slow_reader_loses_nothing(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, recording=str(recording), rate=RATE, stepped=True)
    with Microphone(RATE, seconds=1.0) as microphone:
        for _ in range(25):
            microphone._stream.step()
        received = np.concatenate(list(microphone))
    expected = reader.read(recording, RATE, duration=1.0)
    assert np.abs(received - expected)[:-200].max() < 2e-3
    assert microphone.lost == 0


def test_lost_samples_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch, stepped=True)
    with Microphone(RATE) as microphone:
        for overflow in (True, False, True):
            moment = SimpleNamespace(inputBufferAdcTime=0.0, currentTime=0.1)
            status = SimpleNamespace(input_overflow=overflow)
            microphone._receive(np.zeros((8, 1), np.float32), 8, moment, status)
    assert microphone.lost == 2


def test_unplugged(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, recording=str(recording), unplugged=True, speed=20)
    heard = 0
    with (
        pytest.raises(AudioError, match="Built-in Microphone: has stopped giving sound"),
        Microphone(RATE) as microphone,
    ):
        for block in microphone:
            heard += len(block)
    assert heard == pytest.approx(2 * RATE, abs=1600)


def test_a_device_that_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch, busy=True)
    with (
        pytest.raises(AudioError, match=r"cannot be recorded from \(Device unavailable\)"),
        Microphone(RATE),
    ):
        raise AssertionError("opened")


def test_a_system_without_sound() -> None:
    sounddevice = pytest.importorskip("sounddevice", exc_type=(ImportError, OSError))
    if sounddevice.query_devices():
        pytest.skip("this system has sound devices")
    with pytest.raises(AudioError, match="this system has no microphone"):
        Microphone(RATE)
