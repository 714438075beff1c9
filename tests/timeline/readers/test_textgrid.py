"""Turns from TextGrids."""

from __future__ import annotations

from pathlib import Path

import pytest
from annotations import TURNS, write_textgrid

from ser.errors import SerError
from ser.timeline.readers.textgrid import TextGridReader
from ser.timeline.turn import Turn


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("short", [False, True], ids=["long", "short"])
def test_intervals_with_text(short: bool, encoding: str, tmp_path: Path) -> None:
    path = write_textgrid(tmp_path / "a.TextGrid", short=short, encoding=encoding)
    found = [each.turn for each in TextGridReader().read(path)]
    assert sorted(found, key=lambda turn: turn.start) == [Turn(*turn) for turn in TURNS]
    assert [turn.speaker for turn in found] == ["Anna", "Anna", "Ben"]


def test_chosen_tiers(tmp_path: Path) -> None:
    path = write_textgrid(tmp_path / "a.TextGrid")
    assert [each.turn for each in TextGridReader().read(path, ["Ben"])] == [Turn(*TURNS[1])]
    with pytest.raises(SerError, match="has no tier 'Bon' of intervals; did you mean Ben"):
        TextGridReader().read(path, ["Bon"])
    with pytest.raises(SerError, match="has no tier 'clicks'"):
        TextGridReader().read(path, ["clicks"])


def test_a_file_that_breaks_off(tmp_path: Path) -> None:
    path = write_textgrid(tmp_path / "a.TextGrid")
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 3])
    with pytest.raises(SerError, match="is no TextGrid"):
        TextGridReader().read(path)
