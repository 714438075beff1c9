"""Sound devices: listing, finding one by name, level meters."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np
import pytest
from sounds import simulate

from ser.audio.devices import Device, find_device, level_db, list_devices, meter_level
from ser.errors import AudioError, DependencyError

RATE = 16_000


def test_the_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch)
    assert [device.name for device in list_devices()] == [
        "Built-in Microphone", "USB Microphone", "Loudspeaker",
    ]  # fmt: skip
    first, second = list_devices("input")
    assert (first.number, first.inputs, first.sample_rate, first.system) == (
        0, 2, 48_000, "Simulated",
    )  # fmt: skip
    assert first.default == ("input",)
    assert second.default == ()
    assert [device.name for device in list_devices("output")] == ["Loudspeaker"]


def test_a_device_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    simulate(monkeypatch)
    assert find_device("input").number == 0
    assert find_device("input", "usb").number == 1
    assert find_device("input", "1").number == 1
    assert find_device("output", "Loudspeaker").number == 2
    with pytest.raises(AudioError, match=r"microphone: fits several microphones; .*0 Built-in"):
        find_device("input", "microphone")
    with pytest.raises(AudioError, match=r"Loudspeaker: is no microphone; .*1 USB Microphone"):
        find_device("input", "Loudspeaker")
    with pytest.raises(AudioError, match="2: is no microphone"):
        find_device("input", "2")


def test_an_exact_name_comes_before_longer_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [
        Device(number, name, system, 1, 0, 48_000, ())
        for number, (name, system) in enumerate(
            [("USB Mic 2", "ALSA"), ("USB Mic", "ALSA"), ("USB Mic", "JACK"), ("Line", "ALSA")]
        )
    ]
    monkeypatch.setattr("ser.audio.devices.list_devices", lambda direction: made[:2] + made[3:])
    assert find_device("input", "usb mic").number == 1
    # The same device through two sound systems: the first is PortAudio's preference.
    monkeypatch.setattr("ser.audio.devices.list_devices", lambda direction: made)
    assert find_device("input", "usb mic").number == 1
    # Without a choice of the system's it is the first.
    assert find_device("input").number == 0


def test_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *more: Any, **others: Any) -> Any:
        if name == "sounddevice":
            # As sounddevice says it.
            raise OSError("PortAudio library not found")
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DependencyError, match="apt install libportaudio2"):
        list_devices()


def test_levels() -> None:
    assert level_db(np.ones(100, np.float32)) == 0
    assert level_db(np.full(100, 0.1, np.float32)) == pytest.approx(-20)
    assert level_db(np.zeros(100, np.float32)) == -math.inf
    assert level_db(np.zeros(0, np.float32)) == -math.inf
    assert meter_level(np.zeros(100, np.float32)) == 0
    assert meter_level(np.ones(100, np.float32)) == 1
    assert meter_level(np.full(100, 10**-1.5, np.float32)) == pytest.approx(0.5)
