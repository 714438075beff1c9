"""The telephone line: band, quantization, level."""

from __future__ import annotations

import numpy as np
import pytest
from augmenting import CLIP, powers, rng, transformed
from recordings import RATE

from ser.augment.base import mean_power
from ser.augment.noise import white_noise
from ser.augment.telephone import mu_law


def test_a_telephone_has_its_band_and_its_hiss() -> None:
    noise = white_noise(2 * RATE, RATE, rng()) * np.float32(0.1)
    edges = (20, 150, 500, 2500, 3900, 4200, 8000)
    ratio = np.divide(powers(transformed("telephone:3400", noise), edges), powers(noise, edges))
    assert ratio[2] == pytest.approx(1, rel=0.1)
    # 24 dB per octave under 300 Hz.
    assert ratio[0] < 0.01
    assert ratio[5] < 1e-4
    # 8 bits on a logarithm: a softer voice is not coarser in proportion.
    for level in (0.5, 0.05, 0.005):
        tone = level * np.sin(np.arange(RATE)).astype(np.float32)
        error = mean_power(mu_law(tone) - tone) / mean_power(tone)
        assert -40 < 10 * np.log10(error) < -30


def test_a_telephone_keeps_length_and_level() -> None:
    for factor in (1.0, 0.01):
        result = transformed("telephone", CLIP * np.float32(factor))
        assert len(result) == len(CLIP)
        assert mean_power(result) == pytest.approx(factor**2 * mean_power(CLIP), rel=0.5)
