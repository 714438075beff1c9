"""Who may use the server: checks of Host, Origin and token before anything else is done."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from ser.web.problems import MEDIA_TYPE, problem
from ser.web.settings import WebConfig, is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; media-src 'self' blob:; worker-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The content security policy: nothing but this server's own files, and no inline code."""

HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
    (b"cache-control", b"no-store"),
)

_PROTECTED = ("/v1/", "/metrics")
BEARER = "bearer."
"""Begins the WebSocket protocol that carries a token: a page cannot set headers there."""


class Guard:
    """Refuses requests of foreign pages and of those without the token (ASGI middleware).

    Args:
        app: What answers the others.
        config: The settings.
    """

    def __init__(self, app: App, config: WebConfig) -> None:
        self._app = app
        self._config = config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request, or hands it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            # Before it is accepted, this is a plain 403.
            await send({"type": "websocket.close", "code": 1008, "reason": refused[1]})
        else:
            await _refuse(_with_headers(send), *refused)

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        host = headers.get("host", "")
        if not self._knows(_host_name(host)):
            return 421, "this server does not serve that host name"
        origin = headers.get("origin")
        asks = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD")
        if asks and origin is not None and _authority(origin) != host.lower():
            return 403, "requests of other pages are refused"
        if self._config.token is not None and scope["path"].startswith(_PROTECTED):
            shown = _token(headers).encode("latin-1")
            if not hmac.compare_digest(shown, self._config.token.encode()):
                return 401, "the token is missing or wrong"
        return None

    def _knows(self, name: str) -> bool:
        """Says whether a name in the header Host is one of this server's.

        A foreign page can give its own name this machine's address (DNS rebinding), but it does not
        have the token.
        """
        if self._config.token is not None:
            return bool(name)
        return is_loopback(name) or name in (self._config.host, self._config.behind_proxy)


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _token(headers: dict[str, str]) -> str:
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    for word in headers.get("sec-websocket-protocol", "").split(","):
        if word.strip().startswith(BEARER):
            return word.strip().removeprefix(BEARER)
    return ""


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            known = {name for name, _ in message.get("headers", ())}
            more = [pair for pair in HEADERS if pair[0] not in known]
            message["headers"] = [*message.get("headers", ()), *more]
        await send(message)

    return sent


async def _refuse(send: Send, status: int, detail: str) -> None:
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    body = json.dumps(problem(status, detail)).encode()
    await send({"type": "http.response.body", "body": body})
