"""Who may use the server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ser.web.guard import Guard
from ser.web.settings import WebConfig

TOKEN = "t" * 20


def status(config: WebConfig, path: str = "/v1/models", method: str = "GET", **headers: str) -> int:
    """Gives the status of a request; 200 where the application is reached."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": path, "method": method, "headers": pairs}
    asyncio.run(Guard(app, config)(scope, None, send))  # type: ignore[arg-type]
    assert any(name == b"content-security-policy" for name, _ in sent[0]["headers"])
    return int(sent[0]["status"])


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"])
def test_own_names(host: str) -> None:
    assert status(WebConfig(), host=host) == 200
    assert status(WebConfig(), method="POST", host=host, origin=f"http://{host}") == 200


@pytest.mark.parametrize("host", ["", "evil.example", "127.0.0.1.evil.example", "[", "a@b"])
def test_foreign_names(host: str) -> None:
    assert status(WebConfig(), host=host) == 421


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://localhost:1", "http://["]
)
def test_foreign_pages(origin: str) -> None:
    assert status(WebConfig(), method="POST", host="localhost:8000", origin=origin) == 403


def test_token() -> None:
    config = WebConfig(host="0.0.0.0", token=TOKEN)
    assert status(config, host="box:8000") == 401
    assert status(config, host="box:8000", authorization="Bearer wrong") == 401
    assert status(config, host="box:8000", authorization="Bearer \xe9") == 401
    assert status(config, host="box:8000", authorization=f"Bearer {TOKEN}") == 200
    assert status(config, "/healthz", host="box:8000") == 200


def test_behind_a_proxy() -> None:
    config = WebConfig(host="0.0.0.0", behind_proxy="voice.example.org")
    assert status(config, host="voice.example.org") == 200
    assert status(config, host="other.example.org") == 421
