"""Playing a recording on a sound device, and the clock time of each of its moments."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.causes import until_incomplete
from ser.audio.devices import error_text, find_device, import_sounddevice, meter_level
from ser.audio.selection import DEFAULT, Selection
from ser.errors import AudioError, SerError
from ser.io.files import Closeable

# Seconds decoded at a time, and how many such blocks may wait to be played.
_BLOCK_SECONDS = 0.25
_QUEUE_LENGTH = 8

# Seconds between two looks at the clock and at whether the player was stopped.
_POLL_SECONDS = 0.05


class Player(Closeable):
    """Plays a recording on a sound device; a context manager.

    It is decoded in a thread of its own, in constant memory, and both channels of the device get
    the same sound.

    Args:
        path: The recording.
        device: A number, or a part of a name, see `ser.audio.devices.find_device`.
        start: Seconds of it to skip.
        seconds: How much of it is played; None for all.
        selection: Which track of it is played, and which channel.

    Attributes:
        stopped: Whether `stop` was called.
        level: The level that is played, 0 to 1; see `ser.audio.devices.meter_level`.

    Raises:
        DependencyError: sounddevice or PortAudio is missing; the message names what to install.
        AudioError: There is no such device, or no such recording.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        device: str | None = None,
        start: float = 0.0,
        seconds: float | None = None,
        selection: Selection = DEFAULT,
    ) -> None:
        self._sound = import_sounddevice()
        self.device = find_device("output", device)
        self.stopped = False
        self.level = 0.0
        self._start = start
        self._rate = self.device.sample_rate
        self._blocks = until_incomplete(
            reader.stream(
                path,
                self._rate,
                block_seconds=_BLOCK_SECONDS,
                offset=start,
                duration=seconds,
                selection=selection,
            )
        )
        self._queue: queue.Queue[Samples | None] = queue.Queue(_QUEUE_LENGTH)
        self._rest: Samples | None = np.empty(0, np.float32)
        self._stream: Any = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        # The number of a sample that was handed to the device, and the clock time of its playing.
        self._anchor: tuple[int, float] | None = None
        self._played = 0

    def __enter__(self) -> Self:
        """Begins to play.

        Raises:
            AudioError: The recording cannot be decoded, or the device cannot be opened.
        """
        # An error in the file is raised before the device is opened.
        self._queue.put(next(self._blocks))
        self._thread = threading.Thread(target=self._decode, name="decode", daemon=True)
        self._thread.start()
        try:
            self._stream = self._sound.OutputStream(
                samplerate=self._rate,
                blocksize=max(1, round(self._rate * _POLL_SECONDS)),
                device=self.device.number,
                channels=min(2, self.device.outputs),
                dtype="float32",
                latency="high",
                callback=self._fill,
                finished_callback=self._ended.set,
            )
            self._stream.start()
        except (self._sound.PortAudioError, ValueError) as error:
            self.close()
            raise AudioError(
                self.device.name,
                f"cannot be played on ({error_text(error)})",
                "check that no other program holds it",
            ) from error
        return self

    def clock_time(self, seconds: float) -> float | None:
        """Gives the time of `time.monotonic` at which a moment is played; None if not yet known.

        Args:
            seconds: The moment, from the start of the file.
        """
        anchor = self._anchor
        if anchor is None:
            return None
        return anchor[1] + (seconds - self._start) - anchor[0] / self._rate

    def position(self) -> float:
        """Gives the moment that is played now, in seconds from the start of the file."""
        begun = self.clock_time(self._start)
        elapsed = 0.0 if begun is None else max(0.0, time.monotonic() - begun)
        return self._start + min(elapsed, self._played / self._rate)

    def wait(self, seconds: float, idle: Callable[[], None] = lambda: None) -> bool:
        """Waits until a moment is played.

        Args:
            seconds: The moment, from the start of the file.
            idle: Called some twenty times per second meanwhile.

        Returns:
            Whether it was played; False if the recording has ended or was stopped before.
        """
        while not self.stopped:
            at = self.clock_time(seconds)
            left = _POLL_SECONDS if at is None else at - time.monotonic()
            if left <= 0:
                return True
            # Nothing more will be played but what the device still holds in its buffer.
            if self._ended.is_set() and (at is None or left > 1):
                return False
            idle()
            time.sleep(min(left, _POLL_SECONDS))
        return False

    def finish(self) -> None:
        """Waits until all is played, or the player was stopped."""
        while not (self.stopped or self._ended.wait(_POLL_SECONDS)):
            continue

    def stop(self) -> None:
        """Stops playing, from any thread or signal handler."""
        self.stopped = True

    def close(self) -> None:
        """Closes the device, if it is open."""
        self.stopped = True
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close(ignore_errors=True)
        if self._thread is not None:
            self._thread.join()

    def _decode(self) -> None:
        """Fills the queue, in a thread of its own."""
        for block in self._decoded_blocks():
            while not self.stopped:
                try:
                    self._queue.put(block, timeout=_POLL_SECONDS)
                    break
                except queue.Full:
                    continue
            if self.stopped:
                return

    def _decoded_blocks(self) -> Iterator[Samples | None]:
        """Yields blocks of samples, and None behind the last."""
        try:
            yield from self._blocks
        except SerError:
            # The analysis of the same file reports the same defect.
            yield None
            return
        yield None

    def _fill(self, out: Any, frames: int, moment: Any, status: Any) -> None:
        """Fills PortAudio's buffer (frames, channels), in a thread of PortAudio."""
        ahead = moment.outputBufferDacTime - moment.currentTime
        if not 0 <= ahead < 10:
            # Some systems do not say.
            ahead = 0.0
        self._anchor = (self._played, time.monotonic() + ahead)
        filled = 0
        while filled < frames and self._rest is not None:
            if not len(self._rest):
                try:
                    self._rest = self._queue.get_nowait()
                except queue.Empty:
                    # Too slow a disk: silence, and the clock stands still.
                    break
                continue
            part = self._rest[: frames - filled]
            out[filled : filled + len(part)] = part[:, None]
            self._rest = self._rest[len(part) :]
            filled += len(part)
        out[filled:] = 0
        self._played += filled
        self.level = meter_level(out[:, 0])
        if self.stopped or (self._rest is None and not filled):
            raise self._sound.CallbackStop
