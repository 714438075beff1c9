"""Windows that overlap: who holds when, and windows cut so that none overlap."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from timelines import OVERLAPPING, angry, sad, silence, unsure

from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.overlap import OverlapRemover, boundary, emotion_spans, remove_overlaps
from ser.timeline.window import Window


def times(windows: list[Window]) -> list[tuple[float, float]]:
    return [(window.start, window.end) for window in windows]


def streamed(*windows: Window) -> list[list[Window]]:
    cutter = OverlapRemover()
    return [*(cutter.add(window) for window in windows), cutter.finish()]


def test_the_later_takes_over_in_the_middle() -> None:
    found = list(remove_overlaps(OVERLAPPING))
    assert times(found) == [(0, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 8)]
    assert [window.emotion for window in found] == [window.emotion for window in OVERLAPPING]
    assert list(emotion_spans(found)) == list(emotion_spans(OVERLAPPING))


@pytest.mark.parametrize(
    "windows",
    [
        OVERLAPPING,
        (angry(0, 3), sad(3, 6), silence(6, 9), angry(9, 10)),
        (angry(0, 3), sad(10, 13), sad(12, 15), unsure(14, 17)),
        (angry(0.1 * 3, 0.6), sad(0.6, 0.9)),
    ],
)
def test_a_stream_of_one_kind_is_cut_like_the_whole(windows: tuple[Window, ...]) -> None:
    assert [one for group in streamed(*windows) for one in group] == list(remove_overlaps(windows))


def test_windows_side_by_side_are_given_at_once_from_the_second_on() -> None:
    groups = streamed(angry(0, 3), sad(3, 6), silence(6, 9), sad(20, 23))
    assert [len(group) for group in groups] == [0, 2, 1, 1, 0]


def test_overlapping_windows_are_given_when_the_next_is_there() -> None:
    assert [len(group) for group in streamed(*OVERLAPPING)] == [0, 1, 1, 1, 1, 1, 1]


def test_an_overlap_that_nobody_expected_is_cut_from_the_later() -> None:
    groups = streamed(angry(0, 3), sad(3, 6), angry(5, 8), sad(7, 10))
    assert times([one for group in groups for one in group]) == [
        (0, 3),
        (3, 6),
        (6, 7.5),
        (7.5, 10),
    ]


def test_nothing_is_left_of_a_window_inside_another() -> None:
    groups = streamed(angry(0, 3), sad(3, 9), angry(4, 5), silence(9, 12))
    assert times([one for group in groups for one in group]) == [(0, 3), (3, 9), (9, 12)]


@pytest.mark.parametrize("patient", [False, True])
def test_no_two_overlap_whatever_comes(patient: bool) -> None:
    chance = random.Random(4)
    for _ in range(500):
        cutter = OverlapRemover(lookahead=patient)
        found = []
        for start in sorted(chance.choice(range(12)) for _ in range(8)):
            found += cutter.add(angry(start, start + chance.choice((0.5, 1, 3, 9))))
        found += cutter.finish()
        assert all(window.start < window.end for window in found)
        assert all(a.end <= b.start for a, b in pairwise(found))


def test_nothing_comes_of_nothing() -> None:
    assert streamed() == [[]]
    (only,) = remove_overlaps([silence(0, 3)])
    assert only.emotion == NO_SPEECH


def test_there_is_no_span_where_nobody_speaks() -> None:
    windows = [angry(0, 4), silence(2, 6), silence(4, 8), unsure(6, 10), angry(8, 12)]
    assert list(emotion_spans(windows)) == [
        (0, 3, "angry"),
        (7, 9, UNCERTAIN),
        (9, 12, "angry"),
    ]


def test_spans_of_nothing() -> None:
    assert list(emotion_spans([])) == []


def test_the_later_window_takes_over_in_the_middle_of_the_overlap() -> None:
    assert boundary(angry(0, 4), sad(2, 6)) == 3
    # A window inside another shares only its own length with it.
    assert boundary(angry(0, 10), sad(2, 4)) == 3
    assert boundary(angry(0, 4), sad(4, 6)) == 4
    # The gap belongs to neither.
    assert boundary(angry(0, 4), sad(5, 6)) == 4
