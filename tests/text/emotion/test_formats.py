"""The emotions of texts in every format."""

from __future__ import annotations

import json

import pytest

from ser.text.emotion.formats import FORMATS, header

FOUND = {"neutral": 0.1, "happy": 0.65, "sad": 0.25}


def test_text_has_all_labels_and_the_largest_first() -> None:
    assert FORMATS["text"]("so\thappy", FOUND, False, False).splitlines() == [
        "so happy",
        "  happy    0.65  ██████▌",
        "  sad      0.25  ██▌",
        "  neutral  0.10  █",
    ]
    plain = FORMATS["text"]("so happy", FOUND, False, True)
    assert plain.splitlines()[1] == "  happy    0.65  ######"
    assert "\x1b[38;5;" in FORMATS["text"]("so happy", FOUND, True, False)


def test_json() -> None:
    record = json.loads(FORMATS["jsonl"]("schön", FOUND, False, False))
    assert record == {
        "text": "schön",
        "emotion": "happy",
        "confidence": 0.65,
        "probabilities": FOUND,
    }
    assert FORMATS["jsonl"]("schön", FOUND, False, True).isascii()


def test_tsv_has_a_header() -> None:
    names = header("tsv", tuple(FOUND)).rstrip("\n").split("\t")
    cells = FORMATS["tsv"]("so\thappy", FOUND, False, False).rstrip("\n").split("\t")
    row = dict(zip(names, cells, strict=True))
    assert (row["emotion"], row["confidence"], row["text"]) == ("happy", "0.650000", "so happy")
    assert float(row["sad"]) == 0.25


@pytest.mark.parametrize("name", ["text", "jsonl"])
def test_other_formats_have_none(name: str) -> None:
    assert header(name, tuple(FOUND)) == ""
