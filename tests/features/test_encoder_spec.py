"""What a specification says of an encoder: ranges of numbers, and blocks as users give them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ser.errors import ParameterError
from ser.features.encoder_spec import EncoderSpec, check_blocks, parse_blocks

GOOD = EncoderSpec("openai/whisper-tiny.en", (1, 2), 384, 80, 300, "a" * 64, "MIT", 32)
RUN_BY_TRANSFORMERS = EncoderSpec(
    "hf:a/b", (6,), 768, 0, 300, "a" * 64, "mit", 32, kind="transformers"
)


def test_there_and_back() -> None:
    assert EncoderSpec.from_dict(GOOD.to_dict()) == GOOD
    assert GOOD.total_width == 768
    assert EncoderSpec.from_dict(RUN_BY_TRANSFORMERS.to_dict()) == RUN_BY_TRANSFORMERS


def test_versions_without_kinds_read_what_they_know() -> None:
    assert "kind" not in GOOD.to_dict()
    assert RUN_BY_TRANSFORMERS.to_dict()["kind"] == "transformers"


def test_what_a_license_is_called_makes_no_other_encoder() -> None:
    assert replace(GOOD, licence="unknown") == GOOD
    assert replace(GOOD, sha256="b" * 64) != GOOD


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""}, {"name": "a\nb"}, {"name": 3}, {"name": "x" * 201}, {"licence": "a\0"},
        {"width": 0}, {"width": True}, {"width": 1.0}, {"width": 10**9}, {"mels": -1},
        {"frames": 0}, {"frames": 301}, {"frames": 3002}, {"frames": float("nan")},
        {"blocks": []}, {"blocks": [0]}, {"blocks": [2, 1]}, {"blocks": [1, 1]}, {"blocks": [65]},
        {"blocks": "12"}, {"blocks": [1.0]}, {"blocks": None},
        {"sha256": "A" * 64}, {"sha256": "a" * 63}, {"sha256": "../" * 21 + "a"}, {"sha256": None},
        {"bits": 16}, {"unheard": 1}, {"kind": "other"}, {"kind": None}, {"mels": 0},
        # Transformers makes the input itself, in single precision, and says so in the name.
        {"kind": "transformers"}, {"kind": "transformers", "mels": 0},
        {"kind": "transformers", "mels": 0, "name": "hf:a", "bits": 8},
    ],
)  # fmt: skip
def test_bad_values_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        EncoderSpec.from_dict({**GOOD.to_dict(), **change})


def test_a_missing_value_is_named() -> None:
    values = GOOD.to_dict()
    del values["width"]
    with pytest.raises(ParameterError, match="width"):
        EncoderSpec.from_dict(values)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [("1-3", (1, 2, 3)), ("2", (2,)), (" 4, 2 ", (2, 4)), ("1-2,2-3", (1, 2, 3))],
)
def test_blocks_as_users_give_them(text: str, blocks: tuple[int, ...]) -> None:
    assert parse_blocks(text) == blocks
    check_blocks(blocks)


@pytest.mark.parametrize("text", ["", "x", "3-1", "0", "1-65", "1,,2", "-1", "1.5", "²", "9999999"])
def test_other_blocks_are_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="blocks"):
        parse_blocks(text)
