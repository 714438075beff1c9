from __future__ import annotations

import numpy as np
import pytest

from ser.stratify import deal


def weights(columns: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full(columns, 1 / columns)


def test_equal_groups_are_dealt_by_share() -> None:
    sides = deal(np.ones((10, 2)), weights(2), (0.7, 0.3), seed=0)
    assert np.bincount(sides).tolist() == [7, 3]


def test_rare_columns_are_spread() -> None:
    counts = np.zeros((20, 2))
    counts[:, 0] = 5
    counts[:5, 1] = 1
    sides = deal(counts, weights(2), [0.2] * 5, seed=3)
    assert sorted(sides[:5].tolist()) == [0, 1, 2, 3, 4]


def test_groups_of_unequal_size() -> None:
    counts = np.array([[50.0], [10], [10], [10], [10], [10]])
    sides = deal(counts, weights(1), (0.5, 0.5), seed=0)
    assert len(set(sides[1:].tolist())) == 1
    assert sides[0] != sides[1]


@pytest.mark.parametrize("share", [0.001, 0.2, 0.999])
def test_no_side_is_empty(share: float) -> None:
    sides = deal(np.ones((2, 1)), weights(1), (1 - share, share), seed=0)
    assert sorted(sides.tolist()) == [0, 1]


def test_same_seed_same_deal() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (30, 4)).astype(float)
    first = deal(counts, weights(4), [0.25] * 4, seed=7)
    assert (first == deal(counts, weights(4), [0.25] * 4, seed=7)).all()
    others = [deal(counts, weights(4), [0.25] * 4, seed=seed) for seed in range(4)]
    assert any((first != other).any() for other in others)


def test_too_few_groups() -> None:
    with pytest.raises(ValueError, match="fewer groups"):
        deal(np.ones((2, 1)), weights(1), [1 / 3] * 3, seed=0)


def test_many_groups_are_dealt_in_time() -> None:
    emotions = np.random.default_rng(0).integers(0, 8, 20_000)
    sides = deal(np.eye(8)[emotions], weights(8), (0.8, 0.2), seed=0)
    for emotion in range(8):
        assert (sides[emotions == emotion] == 1).mean() == pytest.approx(0.2, abs=0.001)
