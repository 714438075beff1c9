"""Runs the application on a socket, until it is interrupted."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

from ser.errors import ParameterError, require
from ser.web.settings import WebConfig


def listen(config: WebConfig, port: int) -> socket.socket:
    """Opens the socket.

    Args:
        config: The settings.
        port: The port; 0 for any that is free.

    Raises:
        ParameterError: The address is taken, or not this machine's.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    try:
        return socket.create_server((config.host, port), family=family, backlog=256)
    except (OSError, OverflowError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise ParameterError(
            "port", f"cannot be listened on ({cause})", "give another `port` or `host`", port
        ) from error


def serve(
    config: WebConfig,
    port: int,
    model: str | Path | None,
    ready: Callable[[str], object] = lambda address: None,
) -> None:
    """Serves the page and the interface until a signal comes.

    Args:
        config: The settings.
        port: The port; 0 for any that is free.
        model: An artifact, or None for the one that ships with the package.
        ready: Called with the address as soon as connections are accepted.

    Raises:
        DependencyError: The packages of the extra ``web`` are not installed.
        ArtifactError: The model cannot be loaded.
        ParameterError: The address is taken.
    """
    require("ser-web", "fastapi", "uvicorn", "websockets", "python_multipart", "swagger_ui_bundle")
    from ser.api import load_model

    with listen(config, port) as opened:
        recognizer = load_model(model)
        import uvicorn

        from ser.web.app import make_app
        from ser.web.live import MAX_FRAME

        host = f"[{config.host}]" if ":" in config.host else config.host
        address = f"http://{host}:{opened.getsockname()[1]}/"
        settings = uvicorn.Config(
            make_app(config, recognizer),
            log_level="error",
            access_log=False,
            server_header=False,
            ws_max_size=2 * MAX_FRAME,
            ws_max_queue=8,
            # A stream that has to wait does not read the answers to pings either.
            ws_ping_interval=None,
            lifespan="off",
            timeout_graceful_shutdown=3,
        )
        server = uvicorn.Server(settings)
        # The socket listens already: who connects now is answered as soon as the server runs.
        ready(address)
        server.run(sockets=[opened])
