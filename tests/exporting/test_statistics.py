"""Statistics over selected frames against NumPy's over those frames alone."""

from __future__ import annotations

import numpy as np
import pytest
from exported import tensorflow

from ser.exporting.statistics import (
    differences,
    mean,
    mean_and_deviation,
    moments,
    percentiles,
    select,
    trend,
)

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(3, 50)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 3, 17, 50])
def test_of_any_number_of_frames(count: int) -> None:
    tf = tensorflow()
    mask = np.zeros(50, np.float32)
    mask[RANDOM.permutation(50)[:count]] = 1
    chosen = ROWS[:, mask > 0]
    frames = select(tf, mask)
    assert float(frames.count) == count
    np.testing.assert_allclose(mean(tf, ROWS, frames), chosen.mean(axis=1), atol=1e-6)
    found = mean_and_deviation(tf, ROWS, frames)
    np.testing.assert_allclose(found[1], chosen.std(axis=1), atol=1e-6)
    expected = np.percentile(chosen, (20, 50, 80, 100), axis=1)
    np.testing.assert_allclose(
        percentiles(tf, ROWS, frames, (20, 50, 80, 100)), expected, atol=1e-6
    )
    if count > 1:
        time = np.linspace(-1, 1, count)
        slope = chosen @ time / np.square(time).sum()
        np.testing.assert_allclose(trend(tf, ROWS, frames), slope, atol=1e-6)
    found = np.array(moments(tf, ROWS, frames))
    assert found.shape == (3, 7)
    assert found.any() == (count > 1)


def test_of_no_frames() -> None:
    tf = tensorflow()
    frames = select(tf, np.zeros(50, np.float32))
    assert not np.any(mean(tf, ROWS, frames))
    assert not np.any(moments(tf, ROWS, frames))


def test_differences_are_numpys() -> None:
    np.testing.assert_array_equal(differences(ROWS), np.diff(ROWS))
