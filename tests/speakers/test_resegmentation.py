"""Turns by the voices that embeddings are near to."""

from __future__ import annotations

import numpy as np
import pytest

from ser.arrays import Matrix
from ser.speakers.regions import Region
from ser.speakers.resegmentation import find_turns

CENTERS = np.eye(3, 48, dtype=np.float32)


def region(start: float, *voices: int) -> Region:
    """Makes a region whose embeddings are each of a voice, every half second."""
    times = start + 0.5 + 0.5 * np.arange(len(voices), dtype=np.float32)
    embeddings: Matrix = CENTERS[list(voices)] * 0.8 + 0.1
    return Region(start, float(times[-1]) + 0.5, times, embeddings)


def test_one_voice() -> None:
    assert find_turns([region(2.0, 1, 1, 1)], CENTERS) == [(2.0, 4.0, 1)]


def test_a_change_lies_between_the_embeddings() -> None:
    first, second = find_turns([region(0.0, 0, 0, 0, 2, 2, 2)], CENTERS)
    assert (first[2], second[2]) == (0, 2)
    assert first[1] == second[0] == pytest.approx(1.75, abs=0.15)
    assert (first[0], second[1]) == (0.0, 3.5)


def test_turns_end_with_regions() -> None:
    found = find_turns([region(0.0, 0, 0), region(5.0, 0)], CENTERS)
    assert [(start, end) for start, end, _ in found] == [(0.0, 1.5), (5.0, 6.0)]


def test_one_doubtful_embedding_is_no_change() -> None:
    doubtful = region(0.0, 0, 0, 0, 0, 0)
    doubtful.embeddings[2] = CENTERS[0] * 0.5 + CENTERS[1] * 0.55
    assert len(find_turns([doubtful], CENTERS)) == 1


def test_nothing() -> None:
    assert find_turns([], CENTERS) == []
