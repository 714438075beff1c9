"""Turns from manifests."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from annotations import TURNS, write_csv

from ser.errors import SerError
from ser.timeline.readers.table import TableReader
from ser.timeline.turn import Turn


def test_rows(tmp_path: Path) -> None:
    (tmp_path / "talk.wav").touch()
    path = write_csv(tmp_path / "a.csv")
    found = TableReader().read(path)
    assert [each.turn for each in found] == [Turn(*turn) for turn in TURNS]
    assert {each.recording for each in found} == {str(tmp_path / "talk.wav")}
    assert TableReader().recordings(path) == [tmp_path / "talk.wav"]


def test_a_row_without_an_end(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    (tmp_path / "b.wav").touch()
    path.write_text("path\tstart\nb.wav\t\nc.wav\t2.5\n")
    assert [each.turn for each in TableReader().read(path)] == [
        Turn(0, math.inf),
        Turn(2.5, math.inf),
    ]
    assert TableReader().recordings(path) == [tmp_path / "b.wav", Path("c.wav")]


def test_no_row_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("path,start,end\nb.wav,0,1\nb.wav,3,2\n")
    with pytest.raises(SerError, match="line 3"):
        TableReader().read(path)
