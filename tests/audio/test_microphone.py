"""Recording, from simulated devices."""

from __future__ import annotations

import builtins
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from sounds import simulate

from ser.audio import reader
from ser.audio.devices import choose, devices
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


def test_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch)
    assert [device.name for device in devices()] == [
        "Built-in Microphone", "USB Microphone", "Loudspeaker",
    ]  # fmt: skip
    first, second = devices("input")
    assert (first.number, first.inputs, first.sample_rate, first.system) == (
        0, 2, 48_000, "Simulated",
    )  # fmt: skip
    assert first.default == ("input",)
    assert second.default == ()
    assert [device.name for device in devices("output")] == ["Loudspeaker"]


def test_a_device_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch)
    assert choose("input").number == 0
    assert choose("input", "usb").number == 1
    assert choose("input", "1").number == 1
    assert choose("output", "Loudspeaker").number == 2
    with pytest.raises(AudioError, match=r"microphone: fits several microphones; .*0 Built-in"):
        choose("input", "microphone")
    with pytest.raises(AudioError, match=r"Loudspeaker: is no microphone; .*1 USB Microphone"):
        choose("input", "Loudspeaker")
    with pytest.raises(AudioError, match="2: is no microphone"):
        choose("input", "2")


def test_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch, devices=0)
    with pytest.raises(AudioError, match="this system has no microphone"):
        Microphone(RATE)
    simulate(monkeypatch, devices=2)
    with pytest.raises(AudioError, match="this system has no loudspeaker"):
        choose("output")


def test_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(DependencyError, match=r"pip install 'ser-toolkit\[live\]'"):
        Microphone(RATE)


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **others: Any) -> Any:
        if name == "sounddevice":
            # As sounddevice says it.
            raise OSError("PortAudio library not found")
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match="apt install libportaudio2"):
        devices()


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


def test_when_it_was_heard(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, recording=str(recording))
    with Microphone(RATE, seconds=0.6) as microphone:
        start, given, delays = time.monotonic(), 0, []
        for block in microphone:
            given += len(block)
            delays.append(time.monotonic() - microphone.when(given / RATE))
            heard = microphone.when(given / RATE) - start
            # The stream began to record when it was opened, just before.
            assert heard == pytest.approx(given / RATE, abs=0.1)
    # A block is as late as it is long, and what the resampler holds back.
    assert 0 <= min(delays) <= max(delays) < 0.25
    assert microphone.when(0.2) == pytest.approx(microphone.when(0.5) - 0.3)


def test_stop_ends_it_from_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch)
    with Microphone(RATE) as microphone:
        threading.Timer(0.3, microphone.stop).start()
        start = time.monotonic()
        heard = sum(map(len, microphone))
    assert 0 < heard < RATE
    assert time.monotonic() - start < 2
    assert list(microphone) == []


def test_a_slow_reader_loses_nothing(monkeypatch: pytest.MonkeyPatch, recording: Path) -> None:
    simulate(monkeypatch, recording=str(recording), rate=RATE)
    with Microphone(RATE, seconds=1.0) as microphone:
        time.sleep(0.8)
        heard = np.concatenate(list(microphone))
    assert np.abs(heard - reader.read(recording, RATE, duration=1.0))[:-200].max() < 2e-3
    assert microphone.lost == 0


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
