"""Trimming is librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from recordings import RATE, speech
from speech import render

from ser.preprocess.registry import parse_step
from ser.preprocess.silence import trim_bounds, trim_silence


@pytest.mark.parametrize("top_db", [10.0, 20.0, 40.0, 60.0, 100.0])
@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_librosas(top_db: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    parts = [
        1e-4 * rng.normal(size=int(rng.integers(0, 9000))),
        render("happy", seed + 1, seed=seed, seconds=1.0),
        1e-3 * rng.normal(size=int(rng.integers(0, 9000))),
        np.zeros(int(rng.integers(0, 9000))),
    ]
    samples = np.concatenate(parts).astype(np.float32)
    expected, (start, end) = librosa.effects.trim(samples, top_db=top_db)
    assert trim_bounds(samples, top_db) == (start, end)
    np.testing.assert_array_equal(trim_silence(samples, top_db), expected)


@pytest.mark.parametrize("length", [0, 1, 2047, 5000])
def test_silence_is_kept_whole(length: int) -> None:
    silence = np.zeros(length, np.float32)
    assert trim_bounds(silence, 30.0) == (0, length)
    assert len(trim_silence(silence, 30.0)) == length


def test_one_loud_sample_leaves_something() -> None:
    samples = np.zeros(20_000, np.float32)
    samples[9_000] = 1.0
    kept = trim_silence(samples, 30.0)
    assert 0 < len(kept) < 20_000
    assert kept.max() == 1.0


CLIP = speech(RATE, 2.0)


def test_trimming() -> None:
    padded = np.concatenate([np.zeros(RATE, np.float32), CLIP, np.zeros(RATE, np.float32)])
    result = parse_step("trim:30")(padded, RATE)
    assert len(CLIP) * 0.7 < len(result) < len(CLIP) + 4096
    silence = np.zeros(RATE, np.float32)
    np.testing.assert_array_equal(parse_step("trim")(silence, RATE), silence)
