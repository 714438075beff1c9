"""JSON Lines, read by the json module."""

from __future__ import annotations

import json
from dataclasses import replace

from timelines import LABELS, angry, silence, spoken, unsure, window, written, written_summary

from ser.labels import UNCERTAIN
from ser.timeline.summary import TalkTime


def test_jsonl_holds_everything() -> None:
    record = json.loads(written("jsonl", window(0.5, 3.25, 0.1, 0.83, 0.07)))
    assert record == {
        "file": "a.wav",
        "start": 0.5,
        "end": 3.25,
        "emotion": "angry",
        "confidence": 0.83,
        "probabilities": {"neutral": 0.1, "angry": 0.83, "sad": 0.07},
    }
    assert list(record["probabilities"]) == list(LABELS)


def test_jsonl_of_prediction_sets() -> None:
    windows = [
        replace(angry(0, 3), prediction_set=("angry", "sad")),
        replace(angry(3, 6), prediction_set=()),
        silence(6, 9),
    ]
    records = list(map(json.loads, written("jsonl", *windows).splitlines()))
    assert [record.get("set") for record in records] == [["angry", "sad"], [], None]


def test_jsonl_of_silence_and_doubt() -> None:
    quiet, doubt = map(json.loads, written("jsonl", silence(0, 3), unsure(3, 6)).splitlines())
    assert (quiet["emotion"], quiet["confidence"]) == ("no speech", 0)
    assert quiet["probabilities"] == {}
    assert (doubt["emotion"], doubt["probabilities"]["sad"]) == ("uncertain", 0.34)


def test_jsonl_keeps_names_that_are_not_utf8() -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    line = written("jsonl", window(0, 1, 1, 0, 0, file=name))
    line.encode("utf-8")
    assert json.loads(line)["file"] == name
    assert "é" in written("jsonl", window(0, 1, 1, 0, 0, file="café.wav"))


def test_summaries() -> None:
    record = json.loads(written_summary("jsonl"))
    assert record["file"] == "a.wav"
    assert record["summary"]["shares"] == {"neutral": 0, "angry": 0.75, "sad": 0.25, "uncertain": 0}
    assert record["summary"]["strongest"]["emotion"] == "sad"
    record = json.loads(written_summary("jsonl", silence(4, 14), unsure(14, 20)))["summary"]
    assert (record["seconds"], record["speech"], record["emotion"]) == (20, 0.5, UNCERTAIN)
    assert record["shares"] == {"neutral": 0, "angry": 0.3, "sad": 0.1, "uncertain": 0.6}


def test_transcribed_words() -> None:
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


def test_talk_time() -> None:
    summary = json.loads(written_summary("jsonl", talk=TalkTime(1.0, 3, 1.5, 0.9)))["summary"]
    assert summary["talk"] == {"seconds": 1, "pauses": 3, "silent": 1.5, "longest": 0.9}
    assert summary["speech"] == 0.25
    assert "talk" not in json.loads(written_summary("jsonl"))["summary"]
