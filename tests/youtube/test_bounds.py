"""Servers that send too much, hardly anything, or what unpacks to too much."""

from __future__ import annotations

import gzip
import http.client
import io
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from tube import Fetch
from website import Site

from ser.youtube.bounds import PAGE_BYTES, Bounds, BoundsError, inflate


class Server:
    """Sends so many bytes at each read, so many seconds apart."""

    def __init__(self, size: int, pause: float, count: int = 10**9) -> None:
        self.now = 0.0
        self.size, self.pause, self._count = size, pause, count
        self.length = 0

    def clock(self) -> float:
        return self.now

    def read(self, size: int | None = None) -> Any:
        raise AssertionError(size)

    def read1(self, size: int) -> bytes:
        self.now += self.pause
        self._count -= 1
        return bytes(min(size, self.size)) if self._count >= 0 else b""


class Response:
    """A response as yt-dlp wraps it."""

    def __init__(self, server: Server) -> None:
        self.fp = server

    def read(self, size: int | None = None) -> Any:
        return self.fp.read(size)


def reader(server: Server, most: int = 1 << 20) -> Callable[..., bytes]:
    response = Response(server)
    Bounds(most, 60.0, server.clock).watch(response, "http://x")
    return response.read


def test_what_has_come_is_given_at_once() -> None:
    assert reader(Server(100, 1.0))(1 << 20) == bytes(100)


def test_a_source_that_never_ends_does() -> None:
    read = reader(Server(65_536, 0.1))
    with pytest.raises(BoundsError, match=r"http://x: sends more than 1 MB; .*--max-size"):
        while True:
            read(65_536)
    endless = reader(Server(65_536, 0.001), most=1 << 40)
    with pytest.raises(BoundsError, match="sends more than 64 MB"):
        endless()


def test_a_source_that_stalls_is_given_up() -> None:
    with pytest.raises(BoundsError, match="has sent 6 bytes in 60 s"):
        reader(Server(1, 10.0))()
    # Slow, and still a download.
    assert len(reader(Server(1000, 10.0, count=100))()) == 100_000


def test_a_fast_beginning_does_not_help() -> None:
    server = Server(10_000, 0.1)
    read = reader(server, most=1 << 30)
    for _ in range(100):
        read(65_536)
    server.size, server.pause = 1, 10.0
    with pytest.raises(BoundsError, match="has sent"):
        for _ in range(20):
            read(65_536)


def test_a_page_that_breaks_off_is_incomplete() -> None:
    server = Server(100, 0.1, count=3)
    server.length = 50
    with pytest.raises(http.client.IncompleteRead):
        reader(server)()


@pytest.mark.parametrize(("pack", "wbits"), [(gzip.compress, 31), (zlib.compress, 15)])
def test_what_is_packed_is_unpacked_within_bounds(pack: Any, wbits: int) -> None:
    assert inflate(pack(b"page"), wbits) == b"page"
    bomb = pack(bytes(PAGE_BYTES + 1))
    assert len(bomb) < 100_000
    with pytest.raises(BoundsError, match="unpacks to more than 64 MB"):
        inflate(bomb, wbits)


def test_a_recording_that_is_too_large(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/large.ogg", ogg)
    outcome = get(url, max_size=10_000)
    assert len(outcome.errors) == 1
    assert "sends more than" in outcome.errors[0]
    assert get(url, max_size=1 << 20).errors == []


def test_a_recording_that_comes_too_slowly(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/slow.ogg", ogg)
    site.places["/slow.ogg"].pause = 0.7
    outcome = get(url, patience=0.5, retries=0)
    assert len(outcome.errors) == 1
    assert "bytes in 1 s; try again later" in outcome.errors[0]


def test_a_page_that_is_a_bomb(get: Fetch, site: Site) -> None:
    stream = io.BytesIO()
    with gzip.GzipFile(fileobj=stream, mode="wb") as packed:
        packed.write(bytes(PAGE_BYTES + 1))
    url = site.put("/page", stream.getvalue(), "text/html", headers={"Content-Encoding": "gzip"})
    outcome = get(url, max_size=1 << 20)
    assert len(outcome.errors) == 1
    assert "sends more than 1 MB" in outcome.errors[0]
