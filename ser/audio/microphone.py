"""Recording from a sound device: blocks of samples, and the clock time of each sample."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from ser.arrays import Samples
from ser.audio.devices import Device, error_text, find_device, import_sounddevice
from ser.errors import AudioError
from ser.io.files import Closeable

MICROPHONE = "microphone"
"""The file name of a recording in results."""

BLOCK_SECONDS = 0.05
"""Seconds per block; results are late by as much."""

# Seconds without samples after which a device has stopped.
_TIMEOUT = 5.0


class Microphone(Closeable):
    """Records from a sound device; a context manager, and an iterable that is read once.

    ::

        with Microphone(16_000) as microphone:
            for block in microphone:
                ...

    Blocks wait in a queue until they are read, so that none is lost to a slow reader. Leaving the
    block, or `stop`, ends the recording. Nothing is written to a file.

    Args:
        sample_rate: Wanted rate in hertz. The device records at its own; soxr resamples.
        device: A number, or a part of a name, see `ser.audio.devices.find_device`.
        seconds: How much to record; None for no end.
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
        self._sound = import_sounddevice()
        self.device: Device = find_device("input", device)
        self.sample_rate = sample_rate
        self.lost = 0
        self._limit = None if seconds is None else round(seconds * sample_rate)
        self._block_seconds = block_seconds
        self._queue: queue.SimpleQueue[tuple[Samples, float] | None] = queue.SimpleQueue()
        self._stream: Any = None
        self._stopped = False
        # Samples of the device that have been read, and the clock time of the last of them.
        self._samples_read = 0
        self._clock_time = 0.0

    def __enter__(self) -> Self:
        """Opens the device, which records from now on."""
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
                f"cannot be recorded from ({error_text(error)})",
                "check that no other program holds it and that this one is allowed to use it",
            ) from error
        return self

    def __iter__(self) -> Iterator[Samples]:
        """Yields blocks of samples, float32 in -1 to 1, shape (samples,).

        Raises:
            AudioError: The device has stopped, as one does that is unplugged.
        """
        import soxr

        rate = self.device.sample_rate
        resampler: Any = None
        if rate != self.sample_rate:
            resampler = soxr.ResampleStream(rate, self.sample_rate, 1, "float32", "HQ")
        given = 0
        while not self._stopped and (self._limit is None or given < self._limit):
            received = self._next()
            if received is None:
                if self._stopped:
                    break
                raise AudioError(
                    self.device.name,
                    "has stopped giving sound",
                    "check that it is still plugged in",
                )
            samples, self._clock_time = received
            self._samples_read += len(samples)
            block = samples if resampler is None else resampler.resample_chunk(samples)
            if self._limit is not None:
                block = block[: self._limit - given]
            given += len(block)
            if len(block):
                yield block

    def clock_time(self, seconds: float) -> float:
        """Gives the time of `time.monotonic` at which a moment was recorded.

        Args:
            seconds: The moment, from the start of the recording, up to the last block read.
        """
        return self._clock_time - (self._samples_read / self.device.sample_rate - seconds)

    def stop(self) -> None:
        """Ends the recording, from any thread; blocks in the queue are dropped."""
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
        # How long ago the first of these samples was recorded; some systems do not say.
        ago = moment.currentTime - moment.inputBufferAdcTime
        length = frames / self.device.sample_rate
        end = now - ago + length if length <= ago < _TIMEOUT else now
        # A copy, because PortAudio uses its buffer again.
        self._queue.put((np.array(data[:, 0], np.float32), end))

    def _next(self) -> tuple[Samples, float] | None:
        try:
            return self._queue.get(timeout=_TIMEOUT)
        except queue.Empty:
            return None
