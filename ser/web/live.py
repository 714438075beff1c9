"""Live sound over a WebSocket: frames of 16-bit samples in, windows out."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ser.api.timeline import Timeline
from ser.arrays import Samples
from ser.errors import SerError
from ser.inference.config import make_config
from ser.inference.live import HOP_SECONDS
from ser.inference.recognizer import Recognizer
from ser.web.problems import ProblemError

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from ser.web.metrics import Metrics

RATE = 16_000
"""Samples per second of a live stream."""

MAX_FRAME = 64_000
"""Bytes of one frame: two seconds."""

END = "end"
"""The text that ends a stream; the windows that are left come before the close."""

# Blocks that wait for the recognizer. Then nothing more is received, and the client's writes wait.
_WAITING = 16
_PATIENCE_SECONDS = 0.02
_SEND_SECONDS = 30.0

# Codes of RFC 6455.
_NORMAL, _UNSUPPORTED, _POLICY, _TOO_BIG, _FAILED = 1000, 1003, 1008, 1009, 1011


def live_recognizer(recognizer: Recognizer) -> Recognizer:
    """Gives a recognizer whose windows are as close as those of ``ser-analyze --mic``."""
    config = make_config(recognizer.classifier, default_hop=HOP_SECONDS)
    return Recognizer(recognizer.classifier, config)


def samples_of(frame: bytes) -> Samples:
    """Reads a frame.

    Args:
        frame: 16-bit little-endian samples of one channel.

    Returns:
        float32 within -1 to 1, shape (samples,).

    Raises:
        ProblemError: It is no whole number of samples, empty, or too long.
    """
    if not frame or len(frame) % 2:
        raise ProblemError(_UNSUPPORTED, "a frame is 16-bit samples: an even number of bytes")
    if len(frame) > MAX_FRAME:
        raise ProblemError(_TOO_BIG, f"a frame has at most {MAX_FRAME} bytes")
    return np.frombuffer(frame, "<i2").astype(np.float32) / np.float32(32768)


class LiveStream:
    """One stream: receives in the event loop, recognizes in a thread of its own.

    Args:
        socket: The connection, accepted.
        recognizer: See `live_recognizer`.
        seconds: How much sound it takes.
        metrics: Counts the windows.
    """

    def __init__(
        self, socket: WebSocket, recognizer: Recognizer, seconds: float, metrics: Metrics
    ) -> None:
        self._socket = socket
        self._recognizer = recognizer
        self._left = round(seconds * RATE)
        self._metrics = metrics
        self._blocks: queue.Queue[Samples | None] = queue.Queue(_WAITING)
        self._gone = threading.Event()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Runs until the client ends it, goes away, or has sent too much."""
        await self._socket.send_json(
            {
                "type": "ready",
                "labels": list(self._recognizer.labels),
                "rate": RATE,
                "hop": self._recognizer.config.windowing.hop,
                "seconds": self._left / RATE,
            }
        )
        work = asyncio.ensure_future(asyncio.to_thread(self._recognize))
        code, reason = _NORMAL, "the stream has ended"
        try:
            await self._receive(work)
        except ProblemError as error:
            code, reason = error.status, error.detail
        except (KeyError, RuntimeError):
            # The client has gone, in the middle of what it said or before.
            self._gone.set()
        except asyncio.CancelledError:
            self._gone.set()
            raise
        finally:
            await self._put(None, work)
        try:
            await work
        except SerError as error:
            code, reason = _FAILED, error.cause
        if not self._gone.is_set():
            with contextlib.suppress(RuntimeError):
                await self._socket.send_json({"type": "end", "reason": reason})
                await self._socket.close(code, reason[:120])

    async def _receive(self, work: asyncio.Future[None]) -> None:
        while not work.done():
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                self._gone.set()
                return
            frame = message.get("bytes")
            if frame is None:
                if message.get("text") == END:
                    return
                raise ProblemError(_UNSUPPORTED, f"the only text is {END!r}; sound is binary")
            samples = samples_of(frame)
            await self._put(samples[: self._left], work)
            self._left -= len(samples)
            if self._left <= 0:
                raise ProblemError(_POLICY, "the stream has reached its limit of seconds")

    async def _put(self, samples: Samples | None, work: asyncio.Future[None]) -> None:
        while not work.done():
            try:
                self._blocks.put_nowait(samples)
            except queue.Full:
                await asyncio.sleep(_PATIENCE_SECONDS)
            else:
                return

    def _sound(self) -> Iterator[Samples]:
        while not self._gone.is_set():
            block = self._blocks.get()
            if block is None:
                return
            yield block

    def _recognize(self) -> None:
        for window in self._recognizer.stream(self._sound(), RATE, name="live"):
            if self._gone.is_set():
                return
            record: dict[str, Any] = Timeline([window], labels=self._recognizer.labels).to_dict()
            message = {"type": "window", **record["windows"][0]}
            sent = asyncio.run_coroutine_threadsafe(self._socket.send_json(message), self._loop)
            try:
                # A client that does not read makes the recognizer wait, and that the receiver.
                sent.result(_SEND_SECONDS)
            except Exception:  # whatever the server says of a closed connection
                self._gone.set()
                return
            self._metrics.count("ser_windows_total")
