"""Comma-separated values, read by the csv module."""

from __future__ import annotations

import csv
import io

from timelines import silence, unsure, window, written, written_summary

from ser.timeline.summary import TalkTime


def test_csv_is_read_back_by_the_csv_module() -> None:
    name = 'a, "b"\nc.wav'
    text = written("csv", window(0, 3, 0.1, 0.83, 0.07, file=name), window(3, 6, 1, 0, 0))
    assert text.count("\r\n") == 3
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["file"] for row in rows] == [name, "a.wav"]
    assert rows[0]["end"] == "3.000"
    assert float(rows[0]["angry"]) == 0.83


def test_summaries() -> None:
    row = next(csv.DictReader(io.StringIO(written_summary("csv"))))
    assert (row["duration"], row["emotion"], row["share_angry"]) == ("4.000", "angry", "0.750000")
    row = next(csv.DictReader(io.StringIO(written_summary("csv", silence(4, 14), unsure(14, 20)))))
    assert (row["speech"], row["share_uncertain"]) == ("0.500000", "0.600000")
    talk = ["talk", "pauses", "paused", "longest_pause"]
    assert list(row)[-8:] == ["share_uncertain", "mean_neutral", "mean_angry", "mean_sad", *talk]
    assert [row[name] for name in talk] == ["", "", "", ""]
    (row,) = csv.DictReader(io.StringIO(written_summary("csv", talk=TalkTime(1, 3, 1.5, 0.9))))
    assert [row[name] for name in talk] == ["1.000", "3", "1.500", "0.900"]
