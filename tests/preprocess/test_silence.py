"""Trimming is librosa's."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
from speech import render

from ser.preprocess.silence import bounds, trim


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
    assert bounds(samples, top_db) == (start, end)
    np.testing.assert_array_equal(trim(samples, top_db), expected)


@pytest.mark.parametrize("length", [0, 1, 2047, 5000])
def test_silence_is_kept_whole(length: int) -> None:
    silence = np.zeros(length, np.float32)
    assert bounds(silence, 30.0) == (0, length)
    assert len(trim(silence, 30.0)) == length


def test_one_loud_sample_leaves_something() -> None:
    samples = np.zeros(20_000, np.float32)
    samples[9_000] = 1.0
    kept = trim(samples, 30.0)
    assert 0 < len(kept) < 20_000
    assert kept.max() == 1.0
