"""Web addresses, and text from sites."""

from __future__ import annotations

import pytest

from ser.errors import SerError
from ser.youtube.addresses import check_address, printable, read_addresses


def test_lists_of_addresses() -> None:
    lines = [
        "\ufeffhttps://a.b/c#part", "", "  # comment", "; comment", "] comment",
        "https://d.e/f # why", "\thttps://g.h  \r",
    ]  # fmt: skip
    assert read_addresses(lines) == ["https://a.b/c#part", "https://d.e/f", "https://g.h"]


def test_addresses() -> None:
    for url in ("http://a", "HTTPS://a.b/c?d#e", "http://127.0.0.1:80/", "https://user@host/"):
        check_address(url)
    for url in ("", "a.b", "file:///a", "ftp://a/b", "javascript:x", "http:a", "https:///x"):
        with pytest.raises(SerError, match="is not an http or https address"):
            check_address(url)


def test_what_sites_say_cannot_steer_a_terminal() -> None:
    assert printable("a\x1b[2J\x1b]0;t\x07b\r\nc\u202ed\x9b1m") == "a ]0;t b c d 1m"
    assert len(printable("x" * 1000)) == 300
