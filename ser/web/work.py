"""Work in threads: so much at once, a queue behind it, and an end when the client goes away."""

from __future__ import annotations

import asyncio
import contextlib
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ser.web.problems import ProblemError

T = TypeVar("T")

_POLL_SECONDS = 0.2
_RETRY_SECONDS = 5


class Recording(io.BytesIO):
    """An upload in memory, which ends early when nobody waits for its analysis any more.

    Args:
        data: The bytes.
        name: What the recording is called.

    Attributes:
        name: Likewise.
        gone: Set when the client has gone away.
    """

    def __init__(self, data: bytes | bytearray, name: str) -> None:
        super().__init__(data)
        self.name = name
        self.gone = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        """Reads; nothing more once the client has gone."""
        return b"" if self.gone.is_set() else super().read(size)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]
        """Reads into a buffer, likewise."""
        return 0 if self.gone.is_set() else super().readinto(buffer)


class Work:
    """Threads and a queue of limited length.

    Args:
        workers: How many requests are worked on at once.
        waiting: How many may wait.
        memory: Bytes that uploads may hold together.

    Attributes:
        held: Bytes that they hold.
        inside: Requests that are worked on or wait.
    """

    def __init__(self, workers: int, waiting: int, memory: int) -> None:
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="ser-web")
        self._limit = workers + waiting
        self._memory = memory
        self.held = 0
        self.inside = 0

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Takes a place in the queue.

        Raises:
            ProblemError: It is full.
        """
        if self.inside >= self._limit:
            raise ProblemError(503, "the server is busy; try again soon", _RETRY_SECONDS)
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1

    def hold(self, count: int) -> None:
        """Reserves memory for bytes of an upload; a negative number gives it back.

        Raises:
            ProblemError: The uploads of others hold it.
        """
        if count > 0 and self.held + count > self._memory:
            raise ProblemError(503, "too many uploads at once; try again soon", _RETRY_SECONDS)
        self.held += count

    async def run(
        self, function: Callable[[], T], recording: Recording, gone: Callable[[], Awaitable[bool]]
    ) -> T:
        """Runs a function in a thread.

        Args:
            function: The work.
            recording: What it reads; its `Recording.gone` is set when the client goes away.
            gone: Says whether the client has gone away.

        Raises:
            ProblemError: It has gone away.
        """
        future = self._pool.submit(function)
        waited = asyncio.wrap_future(future)
        try:
            while not (await asyncio.wait([waited], timeout=_POLL_SECONDS))[0]:
                if await gone():
                    recording.gone.set()
                    future.cancel()
                    # The thread reads an early end, and its place is free then.
                    await asyncio.wait([waited])
                    raise ProblemError(408, "the client has gone away")
        except asyncio.CancelledError:
            recording.gone.set()
            future.cancel()
            raise
        return waited.result()

    def close(self) -> None:
        """Ends the threads as soon as their work is done."""
        self._pool.shutdown(wait=False, cancel_futures=True)
