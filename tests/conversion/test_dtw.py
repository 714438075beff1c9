"""Alignment: what is the same moment in two recordings."""

from __future__ import annotations

import numpy as np
import pytest

from ser.conversion.dtw import align


def course(frames: int, seed: int = 0) -> np.ndarray:
    """A smooth course through eight dimensions."""
    knots = np.random.default_rng(seed).normal(size=(8, 8))
    places = np.linspace(0, 7, frames)
    return np.stack([np.interp(places, np.arange(8), k) for k in knots.T], axis=1).astype("float32")


def test_a_recording_is_itself() -> None:
    (found,) = align([course(50)], [course(50)])
    np.testing.assert_array_equal(found, np.arange(50))


@pytest.mark.parametrize(("one", "other"), [(50, 100), (100, 50), (60, 80)])
def test_another_tempo(one: int, other: int) -> None:
    (found,) = align([course(one)], [course(other)])
    np.testing.assert_allclose(found, np.linspace(0, other - 1, one), atol=2)
    assert (np.diff(found) >= 0).all()


def test_pairs_do_not_touch_each_other() -> None:
    sources = [course(n, n) for n in (30, 44, 12)]
    targets = [course(n, n) for n in (40, 20, 33)]
    together = align(sources, targets)
    for source, target, found in zip(sources, targets, together, strict=True):
        np.testing.assert_array_equal(align([source], [target])[0], found)
        assert len(found) == len(source)
        assert 0 <= found.min() <= found.max() <= len(target) - 1


def test_the_cheapest_path_is_found() -> None:
    rng = np.random.default_rng(1)
    source, target = rng.normal(size=(2, 9, 3)).astype("float32")
    local = np.linalg.norm(source[:, None] - target, axis=2)
    # The textbook's double loop.
    total = np.full((10, 10), np.inf)
    total[0, 0] = 0
    for i in range(9):
        for j in range(9):
            cost = local[i, j]
            total[i + 1, j + 1] = min(
                total[i, j] + cost, total[i, j + 1] + 1.3 * cost, total[i + 1, j] + 1.3 * cost
            )
    path = {(8, 8)}
    i = j = 8
    while i or j:
        cost = local[i, j]
        ways = {
            (i - 1, j - 1): total[i, j] + cost,
            (i - 1, j): total[i, j + 1] + 1.3 * cost,
            (i, j - 1): total[i + 1, j] + 1.3 * cost,
        }
        i, j = min((w for w in ways if min(w) >= 0), key=ways.__getitem__)
        path.add((i, j))
    wanted = [np.mean([b for a, b in path if a == row]) for row in range(9)]
    np.testing.assert_allclose(align([source], [target])[0], wanted)


def test_no_pairs_and_single_frames() -> None:
    assert align([], []) == []
    one, two = align([course(1), course(1)], [course(1), course(5)])
    assert one.tolist() == [0]
    assert two.tolist() == [2]
