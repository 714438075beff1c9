"""Bounds of what a server may send: how much, how slowly, and how much it may unpack to.

yt-dlp reads as long as a server sends, and unpacks compressed answers in memory, whatever they
become. A server that breaks, or means harm, sends for ever.
"""

from __future__ import annotations

import http.client
import time
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any

from ser.errors import SerError

PAGE_BYTES = 64 << 20
"""Bytes of a page, a list or a fragment that is read in one piece, unpacked."""

_PIECE = 1 << 18

STALLED_BYTES = 4096
"""Bytes that a server has to send in the time of `Bounds.patience`."""


class BoundsError(SerError):
    """A server sends too much, or hardly anything."""


class Bounds:
    """Watches one answer of a server.

    Args:
        most: Bytes that it may have when it is read in pieces, as media are.
        patience: Seconds in which at least `STALLED_BYTES` have to come.
        clock: Gives seconds.
    """

    def __init__(
        self, most: int, patience: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = self._limit = most
        self._patience = patience
        self._clock = clock
        self._read = 0
        # When how many bytes had come.
        self._marks: deque[tuple[float, int]] = deque([(clock(), 0)])

    def watch(self, response: Any, address: str) -> None:
        """Makes a response of yt-dlp's keep to the bounds.

        Args:
            response: Its ``fp`` is a response of `http.client` or urllib3, or what was unpacked.
            address: For messages.
        """
        original, stream = response.read, response.fp
        # What has come is given at once: a read that waits for all of a block would wait for days.
        one = getattr(stream, "read1", None) or stream.read

        def read(size: int | None = None) -> Any:
            # Media are read in blocks, and all else in one piece.
            self._limit = PAGE_BYTES if size is None else self._most
            return original(size)

        def read_beneath(size: int | None = None, **named: Any) -> bytes:
            if size is not None and size >= 0:
                return self._count(one(min(size, _PIECE), **named), address)
            parts = []
            while part := self._count(one(_PIECE, **named), address):
                parts.append(part)
            missing = getattr(stream, "length", None)
            if missing:
                # As `read` of http.client says it.
                raise http.client.IncompleteRead(b"".join(parts), missing)
            return b"".join(parts)

        response.read = read
        # Beneath yt-dlp's own method, which turns the network's errors into its own.
        stream.read = read_beneath

    def _count(self, data: bytes, address: str) -> bytes:
        now = self._clock()
        self._read += len(data)
        if self._read > self._limit:
            raise BoundsError(
                address,
                f"sends more than {self._limit / (1 << 20):.4g} MB",
                "allow more with --max-size, or choose a part of a list with --items",
            )
        self._marks.append((now, self._read))
        while len(self._marks) > 1 and now - self._marks[1][0] >= self._patience:
            self._marks.popleft()
        since, before = self._marks[0]
        if data and now - since >= self._patience and self._read - before < STALLED_BYTES:
            raise BoundsError(
                address,
                f"has sent {self._read - before} bytes in {now - since:.0f} s",
                "try again later; what has come is kept, and continued by the next run",
            )
        return data


def inflate(data: bytes, wbits: int, most: int = PAGE_BYTES) -> bytes:
    """Unpacks a compressed answer, which may be no larger than `most` bytes.

    Raises:
        BoundsError: It is larger.
        zlib.error: It is damaged.
    """
    unpacker = zlib.decompressobj(wbits)
    found = unpacker.decompress(data, most)
    if unpacker.unconsumed_tail:
        raise BoundsError(
            "an answer", f"unpacks to more than {most >> 20} MB", "the server means harm"
        )
    return found
