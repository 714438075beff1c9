"""Words in every format."""

from __future__ import annotations

import csv
import io
import json

import pytest
from timelines import angry, silence, written

from ser.timeline.window import Spoken, SpokenWord, Window, opinion

WORDS = ("neutral", "happy", "sad")

SAID = Spoken(
    text="so\tsad",
    language="pl",
    translation="very sad",
    times=(SpokenWord("so", 0.25, 0.5, 0.9), SpokenWord("sad", 0.5, 1.25, 0.123456789)),
    words=opinion({"neutral": 0.2, "happy": 0.1, "sad": 0.7}),
    fused=opinion({"neutral": 0.1, "happy": 0.0, "sad": 0.4, "angry": 0.5}),
    disagreement='said angrily: "very sad"',
)


def spoken(start: float, end: float) -> Window:
    window = angry(start, end)
    return Window(
        window.file, start, end, window.emotion, window.confidence, window.probabilities, SAID
    )


def test_opinions() -> None:
    assert opinion({"sad": 0.4, "angry": 0.6})[:2] == ("angry", 0.6)
    assert opinion({}).emotion == ""


def test_json_holds_everything() -> None:
    record = json.loads(written("jsonl", spoken(0, 3)))
    assert record["emotion"] == "angry"
    assert record["text"] == "so\tsad"
    assert (record["language"], record["translation"]) == ("pl", "very sad")
    assert record["times"][1] == {"word": "sad", "start": 0.5, "end": 1.25, "confidence": 0.123457}
    assert record["words"] == {
        "emotion": "sad",
        "confidence": 0.7,
        "probabilities": {"neutral": 0.2, "happy": 0.1, "sad": 0.7},
    }
    assert record["fused"]["emotion"] == "angry"
    assert record["disagreement"] == 'said angrily: "very sad"'
    # Without words a record is what it always was.
    assert "text" not in json.loads(written("jsonl", angry(0, 3)))


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_columns(name: str, delimiter: str) -> None:
    text = written(name, spoken(0, 3), silence(3, 6), words=WORDS)
    quoting = csv.QUOTE_MINIMAL if name == "csv" else csv.QUOTE_NONE
    rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter, quoting=quoting))
    first, second = rows
    assert first["text"] == ("so\tsad" if name == "csv" else "so\\tsad")
    assert first["words_emotion"] == "sad"
    assert float(first["words_happy"]) == 0.1
    assert first["fused_emotion"] == "angry"
    # The labels of both: neutral, happy, sad and angry.
    assert float(first["fused_happy"]) == 0.0
    assert float(first["fused_angry"]) == 0.5
    assert float(first["angry"]) == 0.83
    assert first["disagreement"] == 'said angrily: "very sad"'
    assert (second["text"], second["words_emotion"], second["fused_angry"]) == ("", "", "")
    assert None not in first
    assert None not in second


def test_text() -> None:
    lines = written("text", spoken(0, 3), silence(3, 6), words=WORDS).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["0:00.0–0:03.0", "so"],
        ["English", "very"],
        ["voice", "angry"],
        ["words", "sad"],
        ["together", "angry"],
        ["!", "said"],
        ["0:03.0–0:06.0", "no"],
    ]
    # The numbers stand below each other.
    assert len({line.index("0.") for line in lines[2:5]}) == 1


@pytest.mark.parametrize("name", ["srt", "vtt", "audacity"])
def test_captions(name: str) -> None:
    assert "angry 0.83, words sad 0.70: so sad\n" in written(name, spoken(0, 3))


def test_tiers() -> None:
    for name in ("textgrid", "eaf"):
        plain, with_words = written(name, angry(0, 3)), written(name, spoken(0, 3))
        for tier in ("text", "words", "fused"):
            assert f'"{tier}"' not in plain
            assert f'"{tier}"' in with_words
        assert "so sad" in with_words
