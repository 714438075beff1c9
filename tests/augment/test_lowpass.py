"""The lowpass."""

from __future__ import annotations

import numpy as np
import pytest
from augmenting import powers, rng, transformed
from recordings import RATE

from ser.augment.noise import white_noise


def test_lowpass_takes_away_what_is_above() -> None:
    noise = white_noise(2 * RATE, RATE, rng()) * np.float32(0.1)
    edges = (50, 3600, 4200, 8000)
    before, after = powers(noise, edges), powers(transformed("lowpass:4000", noise), edges)
    assert after[0] == pytest.approx(before[0], rel=0.01)
    assert after[2] < 1e-4 * before[2]
    # There is nothing above half of the rate.
    np.testing.assert_array_equal(transformed("lowpass:8000", noise), noise)
