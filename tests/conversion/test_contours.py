"""Interpolation between the rows of a matrix, and smoothing over them."""

from __future__ import annotations

import numpy as np

from ser.conversion.contours import interpolate_rows, smooth_rows


def test_reading_between_rows() -> None:
    values = np.array([[0, 10], [2, 20], [4, 60]], np.float32)
    read = interpolate_rows(values, np.array([0, 0.5, 1, 1.75, 2, 9, -1]))
    expected = [[0, 10], [1, 15], [2, 20], [3.5, 50], [4, 60], [4, 60], [0, 10]]
    np.testing.assert_allclose(read, expected)
    assert read.dtype == np.float32


def test_one_row() -> None:
    values = np.array([[3, 4]], np.float32)
    np.testing.assert_array_equal(interpolate_rows(values, np.array([0.0, 0.7])), [[3, 4], [3, 4]])
    np.testing.assert_allclose(smooth_rows(values), values, rtol=1e-6)


def test_averages_keep_what_is_steady_and_spread_what_is_not() -> None:
    steady = np.full((20, 3), 7, np.float32)
    np.testing.assert_allclose(smooth_rows(steady), steady, rtol=1e-6)
    peak = np.zeros((21, 1), np.float32)
    peak[10] = 1
    even = smooth_rows(peak)
    np.testing.assert_allclose(even.sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(even, even[::-1], atol=1e-7)
    assert even[8] > 0
    assert not even[7]
