"""mixup: pairs of clips, their emotions mixed by the same shares."""

from __future__ import annotations

import numpy as np
import pytest

from ser.training.mixup import mixup

COUNT = 64


def batch(rng: np.random.Generator) -> list[np.ndarray]:
    """Clips that say in every number which they are."""
    number = np.arange(COUNT, dtype=np.float32)
    features = np.tile(number[:, None, None], (1, 5, 3))
    return [features, np.eye(COUNT, dtype=np.float32), 2 * number]


def test_all_that_belongs_to_a_clip_is_mixed_alike() -> None:
    rng = np.random.default_rng(0)
    x, y, weight = mixup(batch(rng), 0.4, rng)
    assert x.shape == (COUNT, 5, 3)
    assert {values.dtype for values in (x, y, weight)} == {np.dtype(np.float32)}
    assert np.allclose(y.sum(axis=1), 1)
    numbers = y @ np.arange(COUNT)
    assert np.allclose(x, numbers[:, None, None], atol=1e-4)
    assert np.allclose(weight, 2 * numbers, atol=1e-4)


def test_each_clip_stays_the_greater_part_of_its_own_mixture() -> None:
    rng = np.random.default_rng(1)
    _, y, _ = mixup(batch(rng), 1.0, rng)
    assert (y.argmax(axis=1) == np.arange(COUNT)).all()
    assert (y.max(axis=1) >= 0.5).all()
    assert (np.count_nonzero(y, axis=1) == 2).mean() > 0.8


@pytest.mark.parametrize(("alpha", "low", "high"), [(0.1, 0.9, 1.0), (8.0, 0.5, 0.7)])
def test_the_greater_alpha_the_more_even_the_mixtures(
    alpha: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(2)
    _, y, _ = mixup(batch(rng), alpha, rng)
    assert low < y.max(axis=1).mean() < high


def test_what_is_given_is_not_changed() -> None:
    rng = np.random.default_rng(3)
    before = batch(rng)
    mixup(before, 0.4, rng)
    assert all(np.array_equal(a, b) for a, b in zip(before, batch(rng), strict=True))
