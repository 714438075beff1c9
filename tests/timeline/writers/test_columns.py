"""What the formats with columns share."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from timelines import LABELS, WORDS, angry, silence, spoken, unsure, written

from ser.timeline.summary import Summarizer
from ser.timeline.writers.registry import make_writer


@pytest.mark.parametrize(("name", "delimiter"), [("tsv", "\t"), ("csv", ",")])
def test_columns_of_silence_and_doubt(name: str, delimiter: str) -> None:
    text = written(name, silence(0, 3), unsure(3, 6))
    quiet, doubt = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert quiet["emotion"] == "no speech"
    assert [quiet[label] for label in LABELS] == ["", "", ""]
    assert (doubt["emotion"], doubt["sad"]) == ("uncertain", "0.340000")


@pytest.mark.parametrize(("name", "delimiter"), [("tsv", "\t"), ("csv", ",")])
def test_columns_of_prediction_sets(name: str, delimiter: str) -> None:
    windows = [
        replace(angry(0, 3), prediction_set=("angry", "sad")),
        replace(angry(3, 6), prediction_set=()),
        silence(6, 9),
    ]
    text = written(name, *windows, sets=True)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert [row["set"] for row in rows] == ["angry|sad", "none", ""]
    assert "set" not in written(name, *windows).splitlines()[0].split(delimiter)


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_columns_hold_one_kind_of_record(name: str) -> None:
    writer = make_writer(name, io.StringIO(), LABELS)
    writer.begin()
    with pytest.raises(ValueError, match="not both"):
        writer.write_summary(Summarizer("a.wav", LABELS).result())


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_columns_of_transcribed_words(name: str, delimiter: str) -> None:
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
