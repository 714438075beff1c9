"""Transcripts as files."""

from __future__ import annotations

import json

import webvtt

from ser.text.asr.base import Utterance
from ser.text.asr.formats import FORMATS
from ser.timeline.window import Word

UTTERANCE = Utterance(
    61.25, 63.5, "Zażółć <gęślą>\tjaźń", "pl", (Word("Zażółć", 61.25, 62.0, 0.91234),), "Yellow it"
)


def written(name: str) -> str:
    begin, made = FORMATS[name]
    return begin + made("a.wav", 1, UTTERANCE)


def test_text() -> None:
    first, second = written("text").splitlines()
    assert first == "1:01.2–1:03.5".rjust(15) + "  Zażółć <gęślą> jaźń"
    assert second == "English".rjust(15) + "  Yellow it"


def test_json() -> None:
    record = json.loads(written("jsonl"))
    assert record["text"] == UTTERANCE.text
    assert record["times"] == [{"word": "Zażółć", "start": 61.25, "end": 62.0, "confidence": 0.912}]
    assert (record["file"], record["start"], record["end"]) == ("a.wav", 61.25, 63.5)
    assert (record["language"], record["translation"]) == ("pl", "Yellow it")


def test_tsv() -> None:
    header, row = written("tsv").splitlines()
    assert dict(zip(header.split("\t"), row.split("\t"), strict=True)) == {
        "file": "a.wav",
        "start": "61250",
        "end": "63500",
        "language": "pl",
        "text": "Zażółć <gęślą> jaźń",
        "translation": "Yellow it",
    }


def test_subtitles() -> None:
    (cue,) = webvtt.from_string(written("vtt"))
    assert (cue.start, cue.end) == ("00:01:01.250", "00:01:03.500")
    assert "&lt;gęślą&gt;" in written("vtt")
    assert written("srt") == "1\n00:01:01,250 --> 00:01:03,500\nZażółć <gęślą> jaźń\n\n"
