"""Time stretching: pitch, level and positions."""

from __future__ import annotations

import numpy as np
import pytest
from augmenting import VOWEL, pitch_of, transformed
from recordings import RATE, speech

from ser.augment.base import mean_power
from ser.augment.stretch import stretch


@pytest.mark.parametrize("factor", [0.7, 0.9, 1.0, 1.25, 1.6])
def test_stretching_keeps_the_pitch(factor: float) -> None:
    result = transformed(f"stretch:{factor}", VOWEL)
    assert len(result) == round(factor * len(VOWEL))
    assert pitch_of(result) == pytest.approx(140, rel=0.01)
    assert mean_power(result) == pytest.approx(mean_power(VOWEL), rel=0.02)


def test_stretching_moves_what_is_heard_to_where_it_belongs() -> None:
    """A burst in the middle stays in the middle, and the ends are not cut off."""
    burst = np.zeros(2 * RATE, np.float32)
    burst[RATE - 1600 : RATE + 1600] = speech(RATE, 1.0)[4000:7200]
    for factor in (0.6, 1.7):
        power = np.square(stretch(burst, RATE, factor), dtype=np.float64)
        middle = (power * np.arange(len(power))).sum() / power.sum() / len(power)
        before = np.square(burst, dtype=np.float64)
        expected = (before * np.arange(len(before))).sum() / before.sum() / len(before)
        assert middle == pytest.approx(expected, abs=0.01)
    steady = np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE).astype(np.float32)
    for factor in (0.6, 1.7):
        result = stretch(steady, RATE, factor)
        ends = result[: RATE // 20], result[-RATE // 20 :]
        assert min(mean_power(end) for end in ends) > 0.35
