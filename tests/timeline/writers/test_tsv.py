"""Tab-separated values."""

from __future__ import annotations

import csv
import io

import pytest
from timelines import window, written, written_summary


def test_tsv_counts_milliseconds_and_escapes() -> None:
    text = written("tsv", window(0.0, 2.9996, 0.1, 0.83, 0.07, file="a\tb\nc\\d.wav"))
    assert text.splitlines() == [
        "file\tstart\tend\temotion\tconfidence\tneutral\tangry\tsad",
        "a\\tb\\nc\\\\d.wav\t0\t3000\tangry\t0.830000\t0.100000\t0.830000\t0.070000",
    ]


def test_summaries() -> None:
    row = next(csv.DictReader(io.StringIO(written_summary("tsv")), delimiter="\t"))
    assert (row["duration"], row["strongest_start"], row["changes"]) == ("4000", "3000", "1")
    assert float(row["mean_sad"]) == pytest.approx(0.375)
