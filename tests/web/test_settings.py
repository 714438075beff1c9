"""Who may listen where."""

from __future__ import annotations

import pytest

from ser.errors import ParameterError
from ser.web.settings import WebConfig, is_loopback


def test_other_machines_need_a_check() -> None:
    for host in ("0.0.0.0", "::", "192.168.1.5", "voice.example.org"):
        with pytest.raises(ParameterError, match="nothing checks who comes"):
            WebConfig(host=host)
        WebConfig(host=host, token="a" * 16)
        WebConfig(host=host, behind_proxy="voice.example.org")
    with pytest.raises(ParameterError, match="too short"):
        WebConfig(token="short")


def test_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "10.0.0.1", "localhost.example.org", "")))
