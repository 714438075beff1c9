"""How the server is run: where it listens, who may use it, and how much it takes."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass

from ser.errors import ParameterError


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Settings of the server.

    Attributes:
        host: The address that it listens on.
        token: What programs and the page have to show; None for nothing.
        behind_proxy: The name under which a reverse proxy, which does the checking, serves it.
        max_bytes: The largest upload.
        max_memory: Bytes that all uploads together may hold.
        max_seconds: How much of a recording is analyzed, and how long a live stream lasts.
        workers: Recordings that are analyzed at the same time.
        waiting: Requests that may wait for that.
        streams: Live streams at the same time.

    Raises:
        ParameterError: The address is not this machine's own, and nothing checks who comes.
    """

    host: str = "127.0.0.1"
    token: str | None = None
    behind_proxy: str | None = None
    max_bytes: int = 64 << 20
    max_memory: int = 192 << 20
    max_seconds: float = 3600.0
    workers: int = max(1, os.cpu_count() or 1)
    waiting: int = 64
    streams: int = 20

    def __post_init__(self) -> None:
        if self.token is not None and (len(self.token) < 16 or not self.token.isascii()):
            raise ParameterError(
                "token", "is too short or not ASCII", "give 16 or more letters and digits"
            )
        if not is_loopback(self.host) and self.token is None and self.behind_proxy is None:
            raise ParameterError(
                "host",
                "is reached by other machines, and nothing checks who comes",
                "give `token`, or `behind_proxy` where a reverse proxy does the checking",
                self.host,
            )


def is_loopback(host: str) -> bool:
    """Says whether an address or a name is this machine's own alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
