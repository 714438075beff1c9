"""Recording: blocks of samples at the wanted rate, each with the moment at which it was heard."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from ser.arrays import Samples
from ser.audio.devices import Device, choose, reason, sound_library
from ser.errors import AudioError
from ser.io.files import Closing

MICROPHONE = "microphone"
"""What stands for the file in the results of a recording."""

BLOCK_SECONDS = 0.05
"""How much is recorded at a time: what a result waits for at most."""

# A device that has given nothing for so long gives nothing any more.
_PATIENCE = 5.0


class Microphone(Closing):
    """Records from a sound device; a context manager, to be gone through once.

    ::

        with Microphone(16_000) as microphone:
            for block in microphone:
                ...

    Blocks wait in a queue until they are taken, so that none is lost to a slow reader; leaving the
    block, or `stop`, ends the recording. Nothing is kept and nothing is written.

    Args:
        sample_rate: Wanted rate in hertz. The device works at its own, from which soxr resamples.
        device: A number, or a part of a name, see `ser.audio.devices.choose`.
        seconds: When to end; None for no end.
        block_seconds: Length of a block, about.

    Attributes:
        device: The device that was chosen.
        sample_rate: Hertz.
        lost: How often the system has dropped samples because it was too busy to take them.

    Raises:
        DependencyError: sounddevice or PortAudio is missing; the message names what to install.
        AudioError: There is no such device, or it cannot be opened.
    """

    def __init__(
        self,
        sample_rate: int,
        *,
        device: str | None = None,
        seconds: float | None = None,
        block_seconds: float = BLOCK_SECONDS,
    ) -> None:
        self._sound = sound_library()
        self.device: Device = choose("input", device)
        self.sample_rate = sample_rate
        self.lost = 0
        self._wanted = None if seconds is None else round(seconds * sample_rate)
        self._block_seconds = block_seconds
        self._queue: queue.SimpleQueue[tuple[Samples, float] | None] = queue.SimpleQueue()
        self._stream: Any = None
        self._stopped = False
        # The last sample of the device that has been taken: its number, and when it was heard.
        self._taken = 0
        self._heard_at = 0.0

    def __enter__(self) -> Self:
        """Opens the device; it records from now on."""
        rate = self.device.sample_rate
        try:
            self._stream = self._sound.InputStream(
                samplerate=rate,
                blocksize=max(1, round(rate * self._block_seconds)),
                device=self.device.number,
                channels=1,
                dtype="float32",
                latency="low",
                callback=self._receive,
                finished_callback=lambda: self._queue.put(None),
            )
            self._stream.start()
        except (self._sound.PortAudioError, ValueError) as error:
            self.close()
            raise AudioError(
                self.device.name,
                f"cannot be recorded from ({reason(error)})",
                "check that no other program holds it and that this one is allowed to use it",
            ) from error
        return self

    def __iter__(self) -> Iterator[Samples]:
        """Gives what is recorded, as float32 samples of shape (samples,) in -1 to 1.

        Raises:
            AudioError: The device has stopped, as one does that is unplugged.
        """
        import soxr

        rate = self.device.sample_rate
        resampler: Any = None
        if rate != self.sample_rate:
            resampler = soxr.ResampleStream(rate, self.sample_rate, 1, "float32", "HQ")
        given = 0
        while not self._stopped and (self._wanted is None or given < self._wanted):
            received = self._next()
            if received is None:
                if self._stopped:
                    break
                raise AudioError(
                    self.device.name,
                    "has stopped giving sound",
                    "check that it is still plugged in",
                )
            samples, self._heard_at = received
            self._taken += len(samples)
            block = samples if resampler is None else resampler.resample_chunk(samples)
            if self._wanted is not None:
                block = block[: self._wanted - given]
            given += len(block)
            if len(block):
                yield block

    def when(self, seconds: float) -> float:
        """Says when a moment of the recording was heard, in the seconds of `time.monotonic`.

        Args:
            seconds: From the start of the recording, up to the last block given.
        """
        return self._heard_at - (self._taken / self.device.sample_rate - seconds)

    def stop(self) -> None:
        """Ends the recording from any thread: what waits in the queue is not given any more."""
        self._stopped = True
        self._queue.put(None)

    def close(self) -> None:
        """Closes the device, if it is open."""
        stream, self._stream = self._stream, None
        self._stopped = True
        if stream is not None:
            stream.close(ignore_errors=True)

    def _receive(self, data: Any, frames: int, moment: Any, status: Any) -> None:
        """Takes samples (frames, 1) from PortAudio, in a thread of its own."""
        now = time.monotonic()
        self.lost += bool(status and status.input_overflow)
        # How long ago the first of these samples was heard; some systems do not say.
        ago = moment.currentTime - moment.inputBufferAdcTime
        length = frames / self.device.sample_rate
        end = now - ago + length if length <= ago < _PATIENCE else now
        # PortAudio uses its buffer again.
        self._queue.put((np.array(data[:, 0], np.float32), end))

    def _next(self) -> tuple[Samples, float] | None:
        try:
            return self._queue.get(timeout=_PATIENCE)
        except queue.Empty:
            return None
