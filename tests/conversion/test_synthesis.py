"""Synthesis of phrases: unchanged, with other F0, timing and spectral envelope."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render as say

from ser.audio import reader
from ser.conversion.contours import SPEC, Contours, extract_contours
from ser.conversion.modification import Modification, identity_modification
from ser.conversion.spectral_filter import apply_gains, estimate_noise_floor
from ser.conversion.synthesis import envelope_correction, render, render_channels
from ser.errors import SerError
from ser.features import banks

RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000]


def speech(rate: int = 16_000, emotion: str = "sad", seconds: float = 1.5) -> Any:
    return np.asarray(say(emotion, 3, seed=1, seconds=seconds, sample_rate=rate), np.float32)


def heard(samples: Any, rate: int = 16_000) -> Contours:
    return extract_contours(reader.resample(samples, rate, 16_000))


def steady(
    frames: int, semitones: float, decibels: float = 0.0, factor: float = 1.0
) -> Modification:
    return Modification(
        np.full(frames, semitones, np.float32),
        np.full((frames, 80), decibels, np.float32),
        np.full(frames, factor, np.float32),
    )


def both_voiced(before: Contours, after: Contours, factor: float = 1.0) -> Any:
    """Rows of `after` where it has a voice and had one before, and the rows of `before`."""
    rows = np.arange(len(after))
    source = np.minimum(np.round(rows / factor).astype(int), len(before) - 1)
    keep = after.voiced & before.voiced[source]
    return rows[keep], source[keep]


@pytest.mark.parametrize("rate", RATES)
def test_no_change_is_the_source_to_the_last_bit(rate: int) -> None:
    samples = speech(rate)
    contours = heard(samples, rate)
    result = render(samples, rate, contours, identity_modification(len(contours)))
    np.testing.assert_array_equal(result, samples)
    assert result is not samples


@pytest.mark.parametrize("rate", RATES)
def test_almost_no_change_is_almost_the_source(rate: int) -> None:
    """All that there is runs, and gives back what came in."""
    samples = speech(rate)
    contours = heard(samples, rate)
    result = render(samples, rate, contours, steady(len(contours), 1e-6, 1e-6, 1 + 1e-9))
    assert len(result) == len(samples)
    assert np.sqrt(np.mean((result - samples) ** 2)) < 0.02 * np.sqrt(np.mean(samples**2))


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("semitones", [-5.0, 3.0, 8.0, 12.0])
def test_pitch_is_reached_and_the_envelope_stays(rate: int, semitones: float) -> None:
    samples = speech(rate)
    contours = heard(samples, rate)
    result = render(samples, rate, contours, steady(len(contours), semitones))
    assert len(result) == len(samples)
    after = heard(result, rate)
    found, source = both_voiced(contours, after)
    assert len(found) > 0.75 * contours.voiced.sum()
    error = after.pitch[found] - contours.pitch[source] - semitones
    assert np.median(np.abs(error)) < 0.15
    assert np.mean(np.abs(error) > 0.5) < 0.1
    bands = (after.bands[found] - contours.bands[source])[:, 5:]
    assert abs(np.mean(bands)) < 0.7
    assert np.sqrt(np.mean(bands**2)) < 4


def test_a_pitch_that_moves() -> None:
    samples = speech()
    contours = heard(samples)
    wave = (3 * np.sin(np.arange(len(contours)) / 15)).astype(np.float32)
    change = identity_modification(len(contours))
    result = render(samples, 16_000, contours, Modification(wave, change.gain, change.stretch))
    after = heard(result)
    found, source = both_voiced(contours, after)
    error = after.pitch[found] - contours.pitch[source] - wave[source]
    assert np.median(np.abs(error)) < 0.25


@pytest.mark.parametrize("rate", [16_000, 22_050])
@pytest.mark.parametrize("factor", [0.6, 0.9, 1.25, 1.7])
def test_durations(rate: int, factor: float) -> None:
    samples = speech(rate)
    contours = heard(samples, rate)
    result = render(samples, rate, contours, steady(len(contours), 0, 0, factor))
    assert len(result) == pytest.approx(len(samples) * factor, abs=2)
    after = heard(result, rate)
    found, source = both_voiced(contours, after, factor)
    assert len(found) > 0.8 * factor * contours.voiced.sum()
    assert np.median(np.abs(after.pitch[found] - contours.pitch[source])) < 0.2
    # The sounds come when they should.
    loud = after.bands.mean(axis=1)
    expected = contours.bands.mean(axis=1)[
        np.minimum(np.round(np.arange(len(after)) / factor).astype(int), len(contours) - 1)
    ]
    assert np.corrcoef(loud, expected)[0, 1] > 0.97


@pytest.mark.parametrize("decibels", [-8.0, 6.0, 15.0])
def test_gain_is_reached_where_there_is_a_voice(decibels: float) -> None:
    samples = speech(seconds=2.0)
    contours = heard(samples)
    result = render(samples, 16_000, contours, steady(len(contours), 2, decibels, 1.1))
    after = heard(result)
    found, source = both_voiced(contours, after, 1.1)
    # What is hardly louder than the background is background.
    clear = contours.bands[source] > estimate_noise_floor(contours) + 16
    assert clear.mean() > 0.4
    difference = after.bands[found] - contours.bands[source]
    assert np.median(difference[clear]) == pytest.approx(decibels, abs=0.5)
    rows = [np.mean(row[keep]) for row, keep in zip(difference, clear, strict=True) if keep.any()]
    assert np.percentile(rows, 10) == pytest.approx(decibels, abs=2)
    assert np.percentile(rows, 90) == pytest.approx(decibels, abs=2)


def test_a_loud_phrase_is_turned_down_and_not_clipped() -> None:
    samples = speech(emotion="angry") * np.float32(0.5 / 0.05)
    samples = np.clip(samples, -0.9, 0.9)
    contours = heard(samples)
    change = steady(len(contours), 0, 20)
    result = render(samples, 16_000, contours, change)
    assert 0.9 < np.abs(result).max() <= 1
    plain = render_channels(samples[:, None], 16_000, contours, change)[:, 0]
    assert np.abs(plain).max() > 1
    np.testing.assert_allclose(result, plain * (result.max() / plain.max()), atol=1e-4)


def test_channels_are_changed_alike() -> None:
    mono = speech()
    pair = np.stack([mono, -0.3 * mono], axis=1)
    contours = heard(pair.mean(axis=1))
    change = steady(len(contours), 4, 6, 1.2)
    result = render_channels(pair, 16_000, contours, change)
    np.testing.assert_allclose(result[:, 1], -0.3 * result[:, 0], atol=1e-5)


def test_silence_and_noise() -> None:
    noise = (0.01 * np.random.default_rng(0).standard_normal(16_000)).astype(np.float32)
    for samples in (np.zeros(16_000, np.float32), noise):
        contours = heard(samples)
        result = render(samples, 16_000, contours, steady(len(contours), 5, 20, 1.3))
        assert len(result) == pytest.approx(20_800, abs=2)
        assert np.isfinite(result).all()
        # All of it is background.
        assert np.std(result) < 1.3 * np.std(samples) + 1e-9


@pytest.mark.parametrize("count", [0, 1, 10, 159, 161, 500, 1200])
def test_very_short_phrases(count: int) -> None:
    samples = np.sin(np.arange(count) / 10).astype(np.float32) * np.float32(0.1)
    contours = heard(samples) if count else heard(np.zeros(1, np.float32))
    result = render(samples, 16_000, contours, steady(len(contours), 5, 3, 1.5))
    assert abs(len(result) - 1.5 * count) <= 1
    assert np.isfinite(result).all()


def test_engines_cannot_break_it() -> None:
    samples = speech()
    contours = heard(samples)
    for extreme in (steady(len(contours), 90, -200, 0), steady(len(contours), -90, 90, 1e9)):
        result = render(samples, 16_000, contours, extreme)
        assert 0.19 * len(samples) < len(result) < 5.1 * len(samples)
        assert np.isfinite(result).all()
        assert np.abs(result).max() <= 1


def test_a_change_of_another_phrase_is_refused() -> None:
    samples = speech()
    with pytest.raises(SerError, match="frames"):
        render(samples, 16_000, heard(samples), identity_modification(3))


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("clip", "semitones"),
    [
        ("Actor_01/03-01-01-01-01-01-01.flac", 8),
        ("Actor_12/03-01-05-02-02-01-12.flac", -6),
        ("Actor_20/03-01-02-01-01-02-20.flac", 6),
    ],
)
def test_real_voices(corpora: Path, clip: str, semitones: int) -> None:
    rate = 24_000
    samples = reader.read(corpora / "ravdess" / clip, rate)
    contours = heard(samples, rate)
    result = render(samples, rate, contours, steady(len(contours), semitones, 0, 1.2))
    assert len(result) == pytest.approx(1.2 * len(samples), abs=2)
    after = heard(result, rate)
    found, source = both_voiced(contours, after, 1.2)
    error = after.pitch[found] - contours.pitch[source] - semitones
    assert np.median(np.abs(error)) < 0.2
    bands = (after.bands[found] - contours.bands[source])[:, 5:]
    assert abs(np.median(bands)) < 1
    # No clicks: nothing changes faster than it did, the higher pitch and what it adds granted.
    assert np.abs(np.diff(result)).max() < 1.6 * np.abs(np.diff(samples)).max()
    # What is between the words is no louder.
    quiet = contours.bands.mean(axis=1) <= np.percentile(contours.bands.mean(axis=1), 10)
    rows = np.minimum(np.round(np.arange(len(after)) / 1.2).astype(int), len(contours) - 1)
    rise = after.bands.mean(axis=1) - contours.bands.mean(axis=1)[rows]
    assert np.median(rise[quiet[rows]]) < 1


# Level and broad envelope, as they were before periods moved.

RATE = 16_000


def spoken(rate: int = RATE) -> Any:
    return np.asarray(say("sad", 3, seed=1, seconds=1.5, sample_rate=rate), np.float32)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_what_did_not_move_needs_nothing(rate: int) -> None:
    samples = spoken(rate)
    contours = extract_contours(reader.resample(samples, rate, RATE))
    rows = np.arange(len(contours), dtype=np.float64)
    found = envelope_correction(samples, rate, contours, rows, np.zeros(len(rows)))
    assert found.shape == (len(contours), SPEC.n_mels)
    assert np.abs(found).max() < 0.01


def test_a_broad_change_is_found_and_a_fine_one_is_not() -> None:
    samples = spoken()
    contours = extract_contours(samples)
    rows = np.arange(len(contours), dtype=np.float64)
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)
    inner = np.convolve(contours.voiced, np.ones(9), "same") == 9
    assert inner.sum() > 20
    for broad in (True, False):
        curve = 12 * basis[2 if broad else 20]
        gain = np.broadcast_to(curve, (len(rows), SPEC.n_mels)).astype(np.float32)
        changed = apply_gains(samples, RATE, gain, rows * 160)
        found = envelope_correction(changed, RATE, contours, rows, np.zeros(len(rows)))
        expected = -curve if broad else np.zeros(SPEC.n_mels)
        error = np.median(found[inner] - expected, axis=0)
        assert np.abs(error).max() < 1


def test_it_is_bounded_and_only_where_there_is_a_voice() -> None:
    samples = spoken()
    contours = extract_contours(samples)
    rows = np.arange(len(contours), dtype=np.float64)
    found = envelope_correction(
        samples * np.float32(0.001), RATE, contours, rows, np.zeros(len(rows))
    )
    assert found.max() <= 9.01
    assert np.median(found[contours.voiced]) > 8
    far = np.convolve(contours.voiced, np.ones(7), "same") == 0
    assert far.any()
    assert not found[far].any()
