"""Turns from RTTM files."""

from __future__ import annotations

from pathlib import Path

import pytest
from annotations import TURNS, write_rttm
from timelines import angry, written

from ser.errors import SerError
from ser.timeline.readers.rttm import RttmReader
from ser.timeline.turn import Turn


def test_lines_of_speakers(tmp_path: Path) -> None:
    found = RttmReader().read(write_rttm(tmp_path / "a.rttm"))
    assert [each.recording for each in found] == ["talk"] * 3
    assert [each.turn for each in found] == [Turn(*turn) for turn in TURNS]


def test_own_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text(written("rttm", angry(0, 3), angry(3, 4.5)))
    assert [each.turn for each in RttmReader().read(path)] == [
        Turn(0, 3, "angry"),
        Turn(3, 4.5, "angry"),
    ]


def test_a_line_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 0 1 <NA> <NA> <NA> <NA> <NA>\nSPEAKER a 1 2\n")
    with pytest.raises(SerError, match="line 2"):
        RttmReader().read(path)


def test_a_speaker_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 0 1 <NA> <NA> <NA> <NA> <NA>\n")
    assert [each.turn.speaker for each in RttmReader().read(path)] == [""]
