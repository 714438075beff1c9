"""Sound devices for tests, behind the interface of the Python package sounddevice.

Nothing but the devices is simulated: the code under test opens streams and gets called back, from
another thread and in real time, as PortAudio would do it. The environment variable SIMULATED_SOUND
says in JSON what there is, so that commands in processes of their own can be tested too:

    recording   a sound file that the microphone hears from its start, again for every stream
    rate        the rate of the devices in hertz (48000)
    devices     how many (all of them: two microphones and a loudspeaker)
    speed       how much faster than real time (1)
    unplugged   true: the microphone disappears at the end of the recording; else it hears silence
    busy        true: streams cannot be opened
    played      where to write what was played, as raw float32
    stepped     true: no thread and no clock; each call of a stream's `step` is one block
"""

from __future__ import annotations

import json
import os
import threading
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import soundfile
import soxr


class PortAudioError(Exception):
    pass


class CallbackStop(Exception):  # noqa: N818  (its name there)
    pass


def _settings() -> dict[str, Any]:
    given: dict[str, Any] = json.loads(os.environ.get("SIMULATED_SOUND", "{}"))
    return given


def _rate() -> int:
    return int(_settings().get("rate", 48_000))


def _devices() -> list[dict[str, Any]]:
    kinds = [("Built-in Microphone", 2, 0), ("USB Microphone", 1, 0), ("Loudspeaker", 0, 2)]
    made = [
        {
            "name": name,
            "index": number,
            "hostapi": 0,
            "max_input_channels": inputs,
            "max_output_channels": outputs,
            "default_samplerate": float(_rate()),
        }
        for number, (name, inputs, outputs) in enumerate(kinds)
    ]
    return made[: _settings().get("devices", len(made))]


def query_hostapis() -> tuple[dict[str, Any], ...]:
    return ({"name": "Simulated"},)


def query_devices(device: int | None = None, kind: str | None = None) -> Any:
    if kind is None:
        return _devices()
    fitting = [entry for entry in _devices() if entry[f"max_{kind}_channels"]]
    if not fitting:
        raise PortAudioError("Error querying device -1")
    return fitting[0]


class _Stream:
    """Calls back from a thread, a block at a time, as a sound card would."""

    def __init__(
        self,
        *,
        samplerate: float,
        blocksize: int,
        device: int,
        channels: int,
        dtype: str,
        latency: str,
        callback: Any,
        finished_callback: Any,
    ) -> None:
        if _settings().get("busy"):
            raise PortAudioError("Device unavailable")
        assert dtype == "float32"
        assert latency in ("low", "high")
        assert samplerate == _devices()[device]["default_samplerate"]
        self.samplerate, self.blocksize, self.channels = samplerate, blocksize, channels
        self.latency = blocksize / samplerate
        self.callback, self.finished = callback, finished_callback
        self.time = 0.0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def active(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        if not _settings().get("stepped"):
            self._thread.start()

    def step(self) -> None:
        """Calls back for one block, at once."""
        position = round(self.time * self.samplerate)
        self.time = (position + self.blocksize) / self.samplerate
        try:
            going = self.block(position)
        except CallbackStop:
            going = False
        if not going:
            self.finished()

    def close(self, ignore_errors: bool = True) -> None:
        self._ending.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        start, count = time.monotonic(), 0
        pace = self.samplerate * _settings().get("speed", 1)
        try:
            while not self._ending.is_set():
                count += self.blocksize
                self.time = count / self.samplerate
                # A sound card's clock does not wait for whoever was late.
                self._ending.wait(max(0.0, start + count / pace - time.monotonic()))
                if not self._ending.is_set() and not self.block(count - self.blocksize):
                    break
        except CallbackStop:
            pass
        finally:
            self.finished()

    def block(self, position: int) -> bool:
        raise AssertionError("a stream has a direction")


class InputStream(_Stream):
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._sound = np.zeros(0, np.float32)
        if "recording" in _settings():
            samples, rate = soundfile.read(_settings()["recording"], dtype="float32")
            self._sound = soxr.resample(samples, rate, self.samplerate, "HQ")

    def block(self, position: int) -> bool:
        part = self._sound[position : position + self.blocksize]
        if not len(part) and _settings().get("unplugged"):
            return False
        data = np.zeros((self.blocksize, self.channels), np.float32)
        data[: len(part)] = part[:, None]
        now = (position + self.blocksize) / self.samplerate
        moment = SimpleNamespace(currentTime=now, inputBufferAdcTime=position / self.samplerate)
        self.callback(data, self.blocksize, moment, SimpleNamespace(input_overflow=False))
        # PortAudio would write the next block over it.
        data[:] = np.nan
        return True


class OutputStream(_Stream):
    def block(self, position: int) -> bool:
        data = np.full((self.blocksize, self.channels), np.nan, np.float32)
        now = position / self.samplerate
        moment = SimpleNamespace(currentTime=now, outputBufferDacTime=now + self.latency)
        self.callback(data, self.blocksize, moment, SimpleNamespace(output_underflow=False))
        assert np.isfinite(data).all()
        if "played" in _settings():
            with open(_settings()["played"], "ab") as sink:  # noqa: PTH123
                sink.write(data[:, 0].tobytes())
        return True
