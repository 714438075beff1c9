"""The server's start."""

from __future__ import annotations

import socket

import pytest

from ser.errors import ParameterError
from ser.web.server import listen
from ser.web.settings import WebConfig


def test_a_port_that_is_taken() -> None:
    with listen(WebConfig(), 0) as taken:
        assert taken.getsockname()[0] == "127.0.0.1"
        with pytest.raises(ParameterError, match="cannot be listened on"):
            listen(WebConfig(), taken.getsockname()[1])


def test_the_port_is_open_when_it_returns() -> None:
    with listen(WebConfig(), 0) as opened, socket.create_connection(opened.getsockname()):
        pass
