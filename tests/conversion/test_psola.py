"""Grains: identity to the last bit, timing, and joins of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.conversion.contours import HOP, extract_contours
from ser.conversion.pitch_marks import find_pitch_marks
from ser.conversion.psola import build_time_map, overlap_add, plan_grains


def moved(samples: Any, rate: int, semitones: float, stretch: Any) -> Any:
    contours = extract_contours(reader.resample(samples, rate, 16_000))
    marks = find_pitch_marks(samples, rate, contours)
    stretch = np.broadcast_to(np.float32(stretch), len(contours))
    times = build_time_map(stretch, rate * HOP, len(samples))
    ratio = np.full(len(marks.places), 2 ** (semitones / 12))
    return overlap_add(samples, plan_grains(samples, rate, marks, ratio, times), rate)


def speech(rate: int = 16_000, emotion: str = "sad") -> Any:
    return np.asarray(render(emotion, 3, seed=1, seconds=1.5, sample_rate=rate), np.float32)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_grains_in_their_places_are_the_source(rate: int) -> None:
    samples = speech(rate)
    assert np.abs(moved(samples, rate, 0, 1) - samples).max() < 1e-6


@pytest.mark.parametrize("count", [1, 2, 3, 50, 300])
@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_very_short_sounds(count: int, stretch: float) -> None:
    samples = np.cos(np.arange(count, dtype=np.float32) / 3)
    result = moved(samples, 16_000, 5, stretch)
    assert abs(len(result) - count * stretch) <= 1
    assert np.isfinite(result).all()
    assert np.abs(result).max(initial=0) <= 1.5


def test_frames_become_as_long_as_they_are_told() -> None:
    stretch = np.ones(101, np.float32)
    stretch[20:40] = 2
    stretch[60:80] = 0.5
    times = build_time_map(stretch, 160, 16_000)
    assert times.count == 16_000 + 20 * 160 - 10 * 160
    # Half a frame is between two values.
    assert times.forward(np.array([20 * 160.0]))[0] == pytest.approx(20 * 160, abs=81)
    assert times.forward(np.array([40 * 160.0]))[0] == pytest.approx(60 * 160, abs=162)
    places = np.linspace(0, 16_000, 50)
    np.testing.assert_allclose(times.backward(times.forward(places)), places, atol=1e-6)


@pytest.mark.parametrize("factor", [0.9, 1.00001, 1.0001, 1.3])
def test_what_follows_a_change_moves_by_whole_samples(factor: float) -> None:
    stretch = np.ones(101, np.float32)
    stretch[10:50] = factor
    times = build_time_map(stretch, 160, 16_000)
    behind = np.arange(52, 100) * 160.0
    way = times.forward(behind) - behind
    np.testing.assert_allclose(way, np.round(way), atol=1e-6)
    assert (np.diff(times.target) > 0).all()
    assert abs(times.count - 16_000 - 40 * 160 * (factor - 1)) <= 1


def test_longer_here_and_shorter_there() -> None:
    stretch = np.ones(101, np.float32)
    stretch[10:30] = 1.5
    stretch[50:70] = 0.500_2
    times = build_time_map(stretch, 160, 16_000)
    middle = np.array([40 * 160.0])
    assert times.forward(middle)[0] - middle[0] == pytest.approx(20 * 160 * 0.5, abs=1)


def test_the_end_is_copied_behind_a_change() -> None:
    samples = speech()
    frames = 1 + len(samples) // 160
    stretch = np.ones(frames, np.float32)
    stretch[20:60] = 1.37
    result = moved(samples, 16_000, 0, stretch)
    np.testing.assert_allclose(result[-800:], samples[-800:], atol=1e-6)
    np.testing.assert_allclose(result[:800], samples[:800], atol=1e-6)


@pytest.mark.parametrize("stretch", [0.7, 1.3, 1.8])
def test_noise_stays_noise(stretch: float) -> None:
    """Neither softer where grains cross nor with a tone at the rate of the grains."""
    noise = (0.05 * np.random.default_rng(0).standard_normal(32_000)).astype(np.float32)
    result = moved(noise, 16_000, 0, stretch)
    assert np.sqrt(np.mean(result**2)) == pytest.approx(0.05, rel=0.03)
    power = np.abs(np.fft.rfft(result)) ** 2
    even = power[: len(power) // 200 * 200].reshape(200, -1).mean(axis=1)
    assert 10 * np.log10(even.max() / np.median(even)) < 2.5
    lags = np.fft.irfft(power)
    around = lags[round(0.003 * 16_000) : round(0.03 * 16_000)] / lags[0]
    assert around.max() < 0.25


@pytest.mark.parametrize("stretch", [0.8, 1.25])
def test_a_hum_under_noise_is_not_torn(stretch: float) -> None:
    """What is low and steady crosses without jumps, where whatever is above it is noise."""
    time = np.arange(32_000) / 16_000
    hum = 0.1 * np.sin(2 * np.pi * 110 * time)
    hiss = 0.003 * np.random.default_rng(0).standard_normal(len(hum))
    samples = (hum + hiss).astype(np.float32)
    times = build_time_map(np.full(201, stretch, np.float32), 160, len(samples))
    unvoiced = extract_contours(hiss.astype(np.float32))
    assert not unvoiced.voiced.any()
    marks = find_pitch_marks(samples, 16_000, unvoiced)
    grains = plan_grains(samples, 16_000, marks, np.ones(len(marks.places)), times)
    power = np.abs(np.fft.rfft(overlap_add(samples, grains, 16_000) * np.hanning(times.count))) ** 2
    hertz = np.fft.rfftfreq(times.count, 1 / 16_000)
    near = np.abs(hertz - 110) < 15
    assert power[near].sum() > 0.95 * power.sum()


def test_joints_of_noise_are_known_to_be_uncorrelated() -> None:
    rate = 16_000
    samples = np.random.default_rng(0).normal(0, 0.1, rate).astype(np.float32)
    contours = extract_contours(samples)
    marks = find_pitch_marks(samples, rate, contours)
    ratio = np.ones(len(marks.places))
    joints = 0
    for end in range(24, 60):
        # Stretched, and then copied.
        stretch = np.ones(len(contours), np.float32)
        stretch[20:end] = 1.6
        times = build_time_map(stretch, rate * HOP, len(samples))
        grains = plan_grains(samples, rate, marks, ratio, times)
        joint = np.abs(np.diff(grains.sources) - np.diff(grains.targets)) > 1e-6
        assert (grains.similarity[1:][joint] < 0.95).all()
        joints += int(joint.sum())
    assert joints > 100
