"""Gains on mel bands: reached where there is sound, none on the background, nothing elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.conversion.contours import SPEC, extract_contours
from ser.conversion.spectral_filter import apply_gains, estimate_noise_floor, gate_gains
from ser.features import banks

CENTRES = banks.mel_centres(SPEC)


def noise(rate: int = 16_000, seconds: float = 1.0, level: float = 0.05) -> Any:
    rng = np.random.default_rng(0)
    return (level * rng.standard_normal(round(seconds * rate))).astype(np.float32)


def places(samples: Any, rate: int) -> Any:
    return np.arange(len(samples) // (rate // 100) + 1) * (rate / 100)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_a_curve_over_frequency_is_reached(rate: int) -> None:
    samples = noise(rate, 4.0)
    where = places(samples, rate)
    curve = 10 * np.sin(np.arange(80) / 12)
    gain = np.broadcast_to(curve, (len(where), 80)).astype(np.float32)
    result = apply_gains(samples, rate, gain, where)
    assert len(result) == len(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    ratio = np.abs(np.fft.rfft(result)) / np.abs(np.fft.rfft(samples))
    for band in range(4, 79, 5):
        near = np.abs(hertz - CENTRES[band]) < 30
        if CENTRES[band] < 0.48 * rate:
            found = 20 * np.log10(np.median(ratio[near]))
            assert found == pytest.approx(curve[band], abs=0.6), band
    if rate > 40_000:
        above = 20 * np.log10(np.median(ratio[hertz > 9_000]))
        assert above == pytest.approx(curve[-1], abs=0.3)


def test_gains_follow_time() -> None:
    samples = noise(seconds=2.0)
    where = places(samples, 16_000)
    gain = np.zeros((len(where), 80), np.float32)
    gain[100:] = 20
    result = apply_gains(samples, 16_000, gain, where)
    assert np.sqrt(np.mean(result[17_000:] ** 2)) == pytest.approx(0.5, rel=0.05)
    # To the last bit, a window before.
    np.testing.assert_array_equal(result[:15_000], samples[:15_000])


def test_no_gain_is_no_change() -> None:
    samples = noise()
    where = places(samples, 16_000)
    np.testing.assert_array_equal(
        apply_gains(samples, 16_000, np.zeros((len(where), 80), np.float32), where), samples
    )


@pytest.mark.parametrize("count", [1, 5, 200, 700])
def test_very_short_sounds(count: int) -> None:
    samples = np.ones(count, np.float32)
    where = np.arange(1 + count // 160) * 160.0
    result = apply_gains(samples, 16_000, np.full((len(where), 80), 6, np.float32), where)
    assert result.shape == samples.shape
    assert np.isfinite(result).all()


def test_the_floor_is_that_of_what_is_not_said() -> None:
    samples = np.asarray(render("angry", 1, seed=1, seconds=2.0, intensity="strong"), np.float32)
    hiss = noise(seconds=2.0, level=0.001)
    floor = estimate_noise_floor(extract_contours(samples + hiss))
    alone = extract_contours(hiss).bands.mean(axis=0)
    assert np.abs(floor - alone).max() < 6
    assert (floor - alone).mean() == pytest.approx(1, abs=2)


def test_digital_silence_is_no_background() -> None:
    """Some put zeros around recordings; the hiss in between is what is to stay."""
    samples = np.asarray(render("angry", 1, seed=1, seconds=2.0, intensity="strong"), np.float32)
    samples += noise(seconds=2.0, level=0.001)
    zeros = np.zeros(16_000, np.float32)
    padded = estimate_noise_floor(extract_contours(np.concatenate([zeros, samples, zeros])))
    assert np.abs(padded - estimate_noise_floor(extract_contours(samples))).max() < 5
    silent = np.full(80, -np.inf)
    np.testing.assert_array_equal(estimate_noise_floor(extract_contours(zeros)), silent)


def test_without_silence_nothing_is_taken_for_background() -> None:
    time = np.arange(16_000) / 16_000
    tone = sum(0.05 / k * np.sin(2 * np.pi * 200 * k * time) for k in range(1, 12))
    contours = extract_contours(np.asarray(tone, np.float32))
    floor = estimate_noise_floor(contours)
    gain = np.full((len(contours), 80), 12, np.float32)
    np.testing.assert_array_equal(gate_gains(gain, contours.bands, floor), gain)


def test_gains_fade_towards_the_background() -> None:
    levels = np.repeat(np.arange(0, 40, 2.0)[:, None], 80, axis=1).astype(np.float32)
    levels = np.repeat(levels, 9, axis=0)
    for wanted in (20, -10):
        kept = gate_gains(np.full(levels.shape, wanted, np.float32), levels, np.zeros(80))
        assert not kept[levels < 2].any()
        np.testing.assert_allclose(kept[levels > 17], wanted, rtol=1e-5)
        assert (np.diff(np.abs(kept[:, 0])) >= -1e-5).all()


def test_hiss_stays_where_it_was() -> None:
    """Twenty decibels more for the voice are none for the background."""
    speech = np.asarray(render("angry", 1, seed=1, seconds=2.0), np.float32)
    samples = speech + noise(seconds=2.0, level=0.0005)
    contours = extract_contours(samples)
    gain = np.full((len(contours), 80), 20, np.float32)
    gain = gate_gains(gain, contours.bands, estimate_noise_floor(contours))
    result = extract_contours(apply_gains(samples, 16_000, gain, np.arange(len(contours)) * 160.0))
    moved = result.bands - contours.bands
    level = contours.bands.mean(axis=1)
    quiet = level < np.percentile(level, 10)
    assert np.median(moved[quiet]) < 1.0
    assert moved[quiet].mean() < 2.0
    loud = contours.voiced & (level > np.percentile(level, 70))
    assert np.median(moved[loud]) == pytest.approx(20, abs=0.5)


def test_other_rates_have_the_same_bands() -> None:
    wide = noise(48_000, 2.0)
    narrow = reader.resample(wide, 48_000, 16_000)
    gain = np.zeros((201, 80), np.float32)
    gain[:, 30:50] = 12
    one = apply_gains(wide, 48_000, gain, np.arange(201) * 480.0)
    other = apply_gains(narrow, 16_000, gain, np.arange(201) * 160.0)
    difference = reader.resample(one, 48_000, 16_000) - other
    assert np.std(difference[500:-500]) < 0.03 * np.std(other)
