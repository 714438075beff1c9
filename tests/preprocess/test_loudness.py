"""Loudness against the standard, and clips that are brought to it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from recordings import RATE, speech

from ser.arrays import Samples
from ser.preprocess import loudness
from ser.preprocess.loudness import integrated_loudness, k_weight
from ser.preprocess.registry import parse_step

CLIP = speech(RATE, 2.0)


def sine(seconds: float, rate: int, amplitude: float, frequency: float = 997.0) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def test_the_filters_are_the_standards() -> None:
    """BS.1770's tables 1 and 2, which are for 48 kHz."""
    shelf, high_pass = loudness._filters(48_000)
    assert shelf[0] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285])
    assert shelf[1] == pytest.approx([1.0, -1.69065929318241, 0.73248077421585])
    assert high_pass[0] == [1.0, -2.0, 1.0]
    assert high_pass[1] == pytest.approx([1.0, -1.99004745483398, 0.99007225036621])


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_filtering_by_response_is_the_recursion(rate: int) -> None:
    from scipy.signal import lfilter

    samples = np.random.default_rng(0).normal(size=rate).astype(np.float32)
    expected = samples.astype(np.float64)
    for numerator, denominator in loudness._filters(rate):
        expected = lfilter(numerator, denominator, expected)
    assert np.abs(k_weight(samples, rate) - expected).max() < 1e-5


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("level", [0.0, -23.0, -40.0])
def test_loudness_of_a_sine(rate: int, level: float) -> None:
    """The standard's own check: 997 Hz in one channel reads 3.01 under its peak."""
    found = integrated_loudness(sine(5.0, rate, 10 ** (level / 20)), rate)
    assert found == pytest.approx(level - 3.01, abs=0.05)


def test_gates() -> None:
    """EBU Tech 3341, cases 3 and 4: what is quieter by more than 10 LU does not count."""
    rate = 48_000
    parts = [(10, -36.0), (60, -23.0), (10, -36.0)]
    one = [sine(s, rate, 10 ** ((level + 3.01) / 20), 1000.0) for s, level in parts]
    assert integrated_loudness(np.concatenate(one), rate) == pytest.approx(-23.0, abs=0.1)
    parts = [(10, -72.0), (10, -36.0), (60, -23.0), (10, -36.0), (10, -72.0)]
    one = [sine(s, rate, 10 ** ((level + 3.01) / 20), 1000.0) for s, level in parts]
    assert integrated_loudness(np.concatenate(one), rate) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.399, 0.4, 0.5, 2.0])
@pytest.mark.parametrize("level", [0.1, 1.0, 5.0])
def test_any_length_and_level_gets_the_same_loudness(seconds: float, level: float) -> None:
    clip = CLIP[5000 : 5000 + round(seconds * RATE)] * np.float32(level)
    result = parse_step("loudness:-27")(clip, RATE)
    assert integrated_loudness(result, RATE) == pytest.approx(-27, abs=0.01)
    np.testing.assert_allclose(result / result.max(), clip / clip.max(), rtol=1e-5, atol=1e-6)


def test_silence_is_left_alone() -> None:
    quiet = sine(1.0, RATE, 1e-4)
    assert integrated_loudness(quiet, RATE) == -math.inf
    np.testing.assert_array_equal(parse_step("loudness")(quiet, RATE), quiet)
    assert integrated_loudness(np.empty(0, np.float32), RATE) == -math.inf
