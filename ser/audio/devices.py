"""Sound devices, through PortAudio (the Python package sounddevice), and level meters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ser.arrays import Samples
from ser.errors import AudioError, DependencyError, missing_package

Direction = Literal["input", "output"]

_NAMES = {"input": "microphone", "output": "loudspeaker"}
_ALTERNATIVE = {"input": "plug one in, or give a file", "output": "plug one in"}


@dataclass(frozen=True, slots=True)
class Device:
    """One sound device.

    Attributes:
        number: PortAudio's number of it, which may change when others are plugged in.
        name: Its name.
        system: The sound system through which it is reached: ALSA, Core Audio …
        inputs: Channels that it records; 0 for a device that only plays.
        outputs: Channels that it plays.
        sample_rate: The rate in hertz at which it works best.
        default: What it is the system's choice for: ``("input", "output")`` or a part of it.
    """

    number: int
    name: str
    system: str
    inputs: int
    outputs: int
    sample_rate: int
    default: tuple[Direction, ...]

    def channels(self, direction: Direction) -> int:
        """Gives the number of channels in one direction."""
        return self.inputs if direction == "input" else self.outputs


def import_sounddevice() -> Any:
    """Imports sounddevice.

    Raises:
        DependencyError: The package, or the PortAudio library that it needs, is missing.
    """
    try:
        import sounddevice
    except ModuleNotFoundError as error:
        raise missing_package("live sound", error.name) from error
    except OSError as error:
        # The wheels for macOS and Windows bring PortAudio along; on Linux it is the system's.
        raise DependencyError(
            "live sound",
            "needs the library PortAudio, which is not on this system",
            "apt install libportaudio2, dnf install portaudio, or what your system calls it",
        ) from error
    return sounddevice


def list_devices(direction: Direction | None = None) -> list[Device]:
    """Lists the sound devices.

    Args:
        direction: Only those that record (``input``) or play (``output``).

    Raises:
        DependencyError: The package or the library is missing.
        AudioError: The system's sound cannot be asked.
    """
    sound = import_sounddevice()
    try:
        systems = [api["name"] for api in sound.query_hostapis()]
        found = list(sound.query_devices())
        usual: tuple[tuple[Direction, int], ...] = (
            ("input", _default(sound, "input", found)),
            ("output", _default(sound, "output", found)),
        )
    except sound.PortAudioError as error:
        raise AudioError(
            "sound devices", f"cannot be listed ({error_text(error)})", "check the system's sound"
        ) from error
    made = [
        Device(
            number=number,
            name=str(entry["name"]),
            system=systems[entry["hostapi"]],
            inputs=int(entry["max_input_channels"]),
            outputs=int(entry["max_output_channels"]),
            sample_rate=round(entry["default_samplerate"]),
            default=tuple(way for way, chosen in usual if chosen == number),
        )
        for number, entry in enumerate(found)
    ]
    return [device for device in made if direction is None or device.channels(direction)]


def find_device(direction: Direction, wanted: str | None = None) -> Device:
    """Finds the device to record from or to play on.

    Args:
        direction: Whether to record or to play.
        wanted: A number, or a name or a part of one in any case; None for the system's choice.

    Raises:
        DependencyError: The package or the library is missing.
        AudioError: There is no such device, or the name fits several.
    """
    found = list_devices(direction)
    if not found:
        raise AudioError(
            "sound",
            f"this system has no {_NAMES[direction]} that ser can reach",
            _ALTERNATIVE[direction],
        )
    if wanted is None:
        return next((device for device in found if direction in device.default), found[0])
    known = "; ".join(f"{device.number} {device.name}" for device in found)
    if wanted.strip().isdecimal():
        numbered = [device for device in found if device.number == int(wanted)]
        if numbered:
            return numbered[0]
    name = wanted.strip().casefold()
    fitting = [device for device in found if name and name in device.name.casefold()]
    exact = [device for device in fitting if device.name.casefold() == name]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    if exact:
        # The same hardware through several sound systems: the first is PortAudio's preference.
        return exact[0]
    cause = f"fits several {_NAMES[direction]}s" if fitting else f"is no {_NAMES[direction]}"
    raise AudioError(wanted, cause, f"use a number or a longer name of: {known}")


def error_text(error: Exception) -> str:
    """Gives PortAudio's own message of an error."""
    return str(error.args[0]) if error.args else type(error).__name__


METER_FLOOR_DB = -60.0
"""The level at which a meter begins."""


def level_db(samples: Samples) -> float:
    """Measures the level of a block in decibels relative to a full-scale square wave.

    Args:
        samples: Shape (samples,), in -1 to 1.

    Returns:
        At most 0 for samples in range; minus infinity for silence and for no samples.
    """
    power = float(np.square(samples, dtype=np.float64).mean()) if len(samples) else 0.0
    return 10 * math.log10(power) if power else -math.inf


def meter_level(samples: Samples) -> float:
    """Measures the level of a block on a meter's scale: 0 at `METER_FLOOR_DB`, 1 at full scale."""
    return min(max(1 - level_db(samples) / METER_FLOOR_DB, 0.0), 1.0)


def _default(sound: Any, direction: Direction, found: list[Any]) -> int:
    """Gives the number of the system's choice, or -1 where it has none."""
    try:
        chosen = sound.query_devices(None, direction)
    except (sound.PortAudioError, ValueError):
        return -1
    index = chosen.get("index")
    return int(index) if index is not None else found.index(chosen)
