"""Reverberation: decay, level and length."""

from __future__ import annotations

import numpy as np
import pytest
from augmenting import rng
from recordings import RATE

from ser.augment.base import Parameters, mean_power
from ser.augment.reverb import Reverb, impulse_response


@pytest.mark.parametrize("rt60", [0.3, 1.0])
def test_reverberation_falls_by_60_db_in_its_time(rt60: float) -> None:
    """By Schroeder's backward integration, from -5 to -25 dB."""
    tail = impulse_response(rt60, RATE, rng()).astype(np.float64)
    assert tail[0] == 1
    assert not tail[1:40].any()
    energy = np.cumsum(np.square(tail[60:])[::-1])[::-1]
    level = 10 * np.log10(energy / energy[0])
    between = np.flatnonzero((level < -5) & (level > -25))
    slope = np.polyfit(between / RATE, level[between], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.1)


def test_reverberation_keeps_length_and_level() -> None:
    click = np.zeros(RATE, np.float32)
    click[100] = 0.5
    result = Reverb(0.5, 0.5).apply(click, RATE, Parameters(0.5), rng())
    assert len(result) == RATE
    assert mean_power(result) == pytest.approx(mean_power(click), rel=1e-4)
    assert np.abs(result).argmax() == 100
    assert mean_power(result[200:8000]) > 20 * mean_power(result[8000:]) > 0
