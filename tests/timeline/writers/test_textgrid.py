"""TextGrids, read by praatio."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from praatio import textgrid
from timelines import OVERLAPPING, angry, sad, silence, unsure, written

from ser.timeline.window import Window


def read(text: str, folder: Path) -> Any:
    path = folder / "t.TextGrid"
    path.write_text(text, encoding="utf-8")
    return textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")


def intervals(grid: Any, tier: str) -> list[tuple[float, float, str]]:
    return [tuple(entry) for entry in grid.getTier(tier).entries]


def test_emotions_are_joined_and_confidence_is_not(tmp_path: Path) -> None:
    windows = (angry(0, 3), angry(3, 6), silence(6, 9), unsure(9, 12), sad(12, 13.5))
    grid = read(written("textgrid", *windows), tmp_path)
    assert grid.tierNames == ("emotion", "confidence")
    assert (grid.minTimestamp, grid.maxTimestamp) == (0, 13.5)
    assert intervals(grid, "emotion") == [
        (0, 6, "angry"),
        (6, 9, ""),
        (9, 12, "uncertain"),
        (12, 13.5, "sad"),
    ]
    assert [text for _, _, text in intervals(grid, "confidence")] == [
        *("0.83", "0.83", "", "0.35", "0.90")
    ]


@pytest.mark.parametrize(
    "windows",
    [
        OVERLAPPING,
        (sad(2.5, 5), angry(20, 22), angry(21, 23)),
        (silence(0, 3), silence(3, 6)),
        tuple(angry(i / 3, i / 3 + 1) for i in range(50)),
        (sad(0, 10), angry(2, 4), sad(4, 6)),
    ],
)
def test_intervals_cover_all_time_once(windows: tuple[Window, ...], tmp_path: Path) -> None:
    grid = read(written("textgrid", *windows), tmp_path)
    grid.validate("error")
    end = max(window.end for window in windows)
    for tier in ("emotion", "confidence"):
        found = intervals(grid, tier)
        assert found[0][0] == 0
        assert found[-1][1] == pytest.approx(end, abs=1e-3)
        assert all(a[1] == b[0] for a, b in pairwise(found))
        assert all(start < stop for start, stop, _ in found)


def test_overlaps_are_resolved_as_in_pictures(tmp_path: Path) -> None:
    grid = read(written("textgrid", *OVERLAPPING), tmp_path)
    assert intervals(grid, "emotion") == [
        (0, 3, "angry"),
        (3, 4, "sad"),
        (4, 5, ""),
        (5, 6, "uncertain"),
        (6, 8, "sad"),
    ]


def test_quotes_and_lines_in_a_label(tmp_path: Path) -> None:
    one = Window("a.wav", 0, 3, 'so-called "joy"\nß', 0.5, {})
    grid = read(written("textgrid", one), tmp_path)
    (found,) = intervals(grid, "emotion")
    # praatio leaves the doubled quotes of the file as they are.
    assert found[2].replace('""', '"') == 'so-called "joy" ß'


def test_a_recording_without_windows_opens_too(tmp_path: Path) -> None:
    grid = read(written("textgrid"), tmp_path)
    assert intervals(grid, "emotion") == [(0, 0.001, "")]
