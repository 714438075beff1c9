"""The outline and spectrogram of long recordings, gathered block by block."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from ser.viz.overview import BANDS, Overview

RATE = 16_000


def noise(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(0, 0.1, count) * np.linspace(0.1, 1, count)).astype(np.float32)


def test_the_spectrogram_is_librosas() -> None:
    samples = noise(RATE)
    _, _, power = Overview.of(samples, RATE).columns()
    # The middle of a frame is the middle of its column of 160 samples.
    expected = librosa.feature.melspectrogram(
        y=np.pad(samples, ((1024 - 160) // 2, 1024)),
        sr=RATE,
        n_fft=1024,
        hop_length=160,
        n_mels=BANDS,
        center=False,
    )
    assert power.shape == (BANDS, 100)
    assert np.allclose(power, expected[:, :100], rtol=1e-3, atol=1e-6)


def test_the_outline_is_exact() -> None:
    samples = noise(RATE + 77)
    overview = Overview.of(samples, RATE)
    low, high, _ = overview.columns()
    padded = np.concatenate([samples, np.zeros(160 - 77, np.float32)]).reshape(-1, 160)
    assert np.array_equal(low, padded.min(axis=1))
    assert np.array_equal(high, padded.max(axis=1))
    assert overview.seconds == pytest.approx(len(samples) / RATE)


@pytest.mark.parametrize("sizes", [[1, 7, 100, 5000], [160], [99_999], [1024, 3]])
def test_blocks_do_not_show(sizes: list[int]) -> None:
    samples = noise(40_000)
    whole = Overview(RATE, columns=50)
    whole.add(samples)
    parts, start, turn = Overview(RATE, columns=50), 0, 0
    while start < len(samples):
        size = sizes[turn % len(sizes)]
        parts.add(samples[start : start + size])
        start, turn = start + size, turn + 1
    assert parts.column_seconds == whole.column_seconds
    for mine, theirs in zip(parts.columns(), whole.columns(), strict=True):
        assert np.allclose(mine, theirs, rtol=1e-4, atol=1e-7)


def test_the_number_of_columns_is_bounded_and_the_outline_stays_exact() -> None:
    overview = Overview(RATE, columns=60)
    samples = noise(RATE * 37 + 5)
    for start in range(0, len(samples), 10_007):
        overview.add(samples[start : start + 10_007])
        assert len(overview.columns()[0]) <= 120 + 1
    low, high, power = overview.columns()
    step = round(overview.column_seconds * RATE)
    assert len(low) == -(-len(samples) // step)
    padded = np.concatenate([samples, np.zeros(-len(samples) % step, np.float32)])
    assert np.array_equal(high, padded.reshape(-1, step).max(axis=1))
    assert np.array_equal(low, padded.reshape(-1, step).min(axis=1))
    # The noise grows louder from left to right, and the spectrogram with it.
    assert power[:, -20:-1].mean() > 20 * power[:, :10].mean()


def test_asking_on_the_way_changes_nothing() -> None:
    samples = noise(30_000)
    asked, silent = Overview(RATE), Overview(RATE)
    for start in range(0, len(samples), 1000):
        asked.add(samples[start : start + 1000])
        asked.columns()
        silent.add(samples[start : start + 1000])
    for mine, theirs in zip(asked.columns(), silent.columns(), strict=True):
        assert np.array_equal(mine, theirs)


def test_a_tone_lies_in_its_band() -> None:
    for hertz in (300.0, 1000.0, 5000.0):
        tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE).astype(np.float32)
        overview = Overview.of(tone, RATE)
        power = overview.columns()[2]
        assert overview.band_hertz[power[:, 50].argmax()] == pytest.approx(hertz, rel=0.06)


@pytest.mark.parametrize("count", [0, 1, 159, 161])
@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_next_to_nothing(count: int, rate: int) -> None:
    low, high, power = Overview.of(np.full(count, 0.5, np.float32), rate).columns()
    assert len(low) == len(high) == power.shape[1] == max(1, -(-count // round(rate / 100)))
    assert np.isfinite(power).all()
