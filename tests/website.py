"""A web site on this machine, for what fetches from the web."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

BLOCK = 4096


@dataclass
class OutputFolder:
    """What is at a path of the site.

    Attributes:
        data: The bytes there.
        kind: Their MIME type.
        status: The answer's code.
        headers: More headers.
        ranges: Whether parts are given to who asks for them.
        cuts: After how many bytes the connection breaks off, for one request after the other.
        refusals: How many requests are answered with 503 first.
        pause: Seconds between blocks of 4 kB.
    """

    data: bytes = b""
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    ranges: bool = True
    cuts: list[int] = field(default_factory=list)
    refusals: int = 0
    pause: float = 0.0


class Site:
    """A running web server.

    Attributes:
        url: Its address, without a slash at the end.
        places: What is where.
        requests: Method, path, and the Range and Cookie headers of what was asked for.
    """

    def __init__(self) -> None:
        self.places: dict[str, OutputFolder] = {}
        self.requests: list[tuple[str, str, str | None, str | None]] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def put(self, path: str, data: bytes | str, kind: str = "", **more: object) -> str:
        """Puts something on the site and gives its address."""
        body = data.encode() if isinstance(data, str) else data
        kind = kind or ("text/html; charset=utf-8" if isinstance(data, str) else "audio/ogg")
        self.places[path] = OutputFolder(body, kind, **more)  # type: ignore[arg-type]
        return self.url + path

    def asked(self, path: str, method: str = "GET") -> list[str | None]:
        """Gives the Range headers of the requests for a path."""
        return [one[2] for one in self.requests if one[:2] == (method, path)]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        # Clients that hang up, which they are meant to, are not worth a word.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            # A proxy gets whole addresses.
            path = self.path.removeprefix(site.url)
            wanted = self.headers.get("Range")
            site.requests.append((self.command, path, wanted, self.headers.get("Cookie")))
            place = site.places.get(path, OutputFolder(b"nothing here", status=404))
            if place.refusals:
                place.refusals -= 1
                place = OutputFolder(b"busy", status=503)
            data, status, headers = place.data, place.status, dict(place.headers)
            if wanted and place.ranges and status == 200:
                start = int(wanted.removeprefix("bytes=").split("-")[0])
                status = 206
                headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
                data = data[start:]
            self.send_response(status)
            self.send_header("Content-Type", place.kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if not body:
                return
            cut = place.cuts.pop(0) if place.cuts else None
            try:
                self.pour(data[:cut], place.pause)
            except ConnectionError:
                self.close_connection = True
            if cut is not None:
                self.close_connection = True

        def pour(self, data: bytes, pause: float) -> None:
            for start in range(0, len(data), BLOCK):
                self.wfile.write(data[start : start + BLOCK])
                if pause:
                    self.wfile.flush()
                    time.sleep(pause)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    """An empty web site; what is asked for and not there is answered with 404."""
    running = Site()
    yield running
    running.close()
