"""Levels that files hold."""

from __future__ import annotations

import numpy as np

from ser.conversion.limiter import CEILING, StreamLimiter, limit


def test_what_fits_stays() -> None:
    samples = np.linspace(-1, 1, 100, dtype=np.float32)
    np.testing.assert_array_equal(limit(samples), samples)
    assert StreamLimiter(16_000).limit(samples) is samples
    assert not limit(np.zeros((0, 2), np.float32)).size


def test_all_is_turned_down_together() -> None:
    samples = np.array([[0.5, -4.0], [2.0, 1.0]], np.float32)
    np.testing.assert_allclose(limit(samples), samples * CEILING / 4, rtol=1e-6)


def test_a_stream_stays_down_and_rises_slowly() -> None:
    headroom = StreamLimiter(1000)
    loud, plain = np.full(1000, 3.0, np.float32), np.full(4000, 0.3, np.float32)
    first = headroom.limit(loud)
    assert np.abs(first).max() <= 1
    np.testing.assert_allclose(first[100:], CEILING, rtol=1e-5)
    second = headroom.limit(plain)
    assert 0.3 * CEILING / 3 < second[-1] < 0.3 * CEILING / 3 * 10 ** (1.1 / 20)
    # No jump from one to the next.
    assert np.abs(np.diff(second)).max() < 0.01
    for _ in range(40):
        last = headroom.limit(plain)
    np.testing.assert_allclose(last, 0.3, rtol=1e-5)


def test_channels_are_turned_down_alike() -> None:
    headroom = StreamLimiter(1000)
    part = headroom.limit(np.tile(np.array([[0.5, -2.0]], np.float32), (500, 1)))
    np.testing.assert_allclose(part[50:, 0] / part[50:, 1], -0.25, rtol=1e-5)
