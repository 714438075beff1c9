"""JSON of anybody: what is none is one kind of error."""

from __future__ import annotations

import pytest

from ser.io.jsontext import parse_json


def test_json_is_read() -> None:
    assert parse_json('{"a": [1, 2.5, "é"]}') == {"a": [1, 2.5, "é"]}
    assert parse_json("[1]".encode("utf-16")) == [1]


@pytest.mark.parametrize("text", ["", "{", b"\xff\xfe\xfa", "[" * 100_000, "9" * 10_000, '"\x00"'])
def test_what_is_none_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
