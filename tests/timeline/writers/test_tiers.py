"""What the formats with tiers share."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from timelines import LABELS, OVERLAPPING, angry, silence, spoken, unsure, written

from ser.timeline.window import Window
from ser.timeline.writers.tiers import Interval, TierWriter


class Kept(TierWriter):
    """Keeps what it would write."""

    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        self.tiers, self.last = dict(tiers), end
        return ""


def tiers_of(*windows: Window) -> tuple[dict[str, Sequence[Interval]], int]:
    writer = Kept(io.StringIO(), LABELS)
    writer.begin()
    for window in windows:
        writer.write(window)
    writer.end()
    return writer.tiers, writer.last


def test_intervals_do_not_overlap_and_equal_neighbours_are_joined() -> None:
    tiers, end = tiers_of(*OVERLAPPING)
    assert end == 8000
    assert tiers["emotion"] == [
        (0, 3000, "angry"),
        (3000, 4000, "sad"),
        (5000, 6000, "uncertain"),
        (6000, 8000, "sad"),
    ]
    assert [text for *_, text in tiers["confidence"]] == ["0.83", "0.83", "0.90", "0.35", "0.90"]
    for intervals in tiers.values():
        assert all(a[1] <= b[0] for a, b in pairwise(intervals))


def test_words_have_tiers_of_their_own() -> None:
    assert set(tiers_of(angry(0, 3), unsure(3, 6))[0]) == {"emotion", "confidence"}
    tiers, _ = tiers_of(spoken(0, 3), silence(3, 6))
    assert tiers["text"] == [(0, 3000, "so sad")]
    assert tiers["words"] == [(0, 3000, "sad")]
    assert tiers["fused"] == [(0, 3000, "angry")]
    assert tiers_of() == ({"emotion": [], "confidence": []}, 0)


@pytest.mark.parametrize("name", ["textgrid", "eaf"])
def test_formats_write_the_tiers_of_words(name: str) -> None:
    plain, with_words = written(name, angry(0, 3)), written(name, spoken(0, 3))
    for tier in ("text", "words", "fused"):
        assert f'"{tier}"' not in plain
        assert f'"{tier}"' in with_words
    assert "so sad" in with_words


def test_channels_have_tiers_of_their_own() -> None:
    windows = [
        replace(angry(0, 3), channel=1),
        replace(angry(1, 4), channel=2),
        replace(angry(3, 5), channel=1),
    ]
    tiers, end = tiers_of(*windows)
    assert end == 5000
    assert list(tiers) == ["emotion 1", "confidence 1", "emotion 2", "confidence 2"]
    assert tiers["emotion 1"] == [(0, 5000, "angry")]
    assert tiers["emotion 2"] == [(1000, 4000, "angry")]
