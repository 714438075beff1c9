"""What is learnt of a voice, and how much of it is believed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.features.prosody.speaker import (
    MIN_CLIPS,
    average_baseline,
    estimate_baseline,
    unknown_baseline,
)

COUNT = 6


def clips(count: int, mean: float, deviation: float, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(mean, deviation, (count, COUNT)).astype(np.float32)


GENERAL = np.stack([np.zeros(COUNT), np.ones(COUNT)]).astype(np.float32)


def test_an_unknown_voice_is_zero() -> None:
    assert unknown_baseline(COUNT).shape == (2, COUNT)
    assert not unknown_baseline(COUNT).any()


def test_the_more_clips_the_more_is_believed() -> None:
    learnt = [estimate_baseline(clips(n, 10, 0.5), GENERAL) for n in (4, 5, 20, 2000)]
    means = [voice[0, 1:].mean() for voice in learnt]
    deviations = [voice[1].mean() for voice in learnt]
    assert means == sorted(means)
    assert means[1] == pytest.approx(5, abs=0.5)  # half-way
    assert means[3] == pytest.approx(10, abs=0.1)
    # From voices in general, whose deviation is 1, to its own.
    assert deviations == sorted(deviations, reverse=True)
    assert deviations[3] == pytest.approx(0.5, abs=0.05)
    for voice in learnt:
        assert voice.shape == (2, COUNT)
        assert voice.dtype == np.float32


def test_variances_are_averaged_and_not_deviations() -> None:
    # Five clips count as much as the average.
    few = clips(5, 0, 2.0)
    average = np.stack([np.zeros(COUNT), np.full(COUNT, 4.0)]).astype(np.float32)
    found = estimate_baseline(few, average)[1]
    expected = np.sqrt((few.var(axis=0) + 16.0) / 2)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_level_is_the_recordings_own() -> None:
    few = clips(4, 10, 0.5)
    voice = estimate_baseline(few, GENERAL)
    assert voice[0, 0] == pytest.approx(few[:, 0].mean())
    assert voice[0, 1] < 0.6 * few[:, 1].mean()


def test_equal_clips_are_not_divided_by_zero() -> None:
    same = np.full((100_000, COUNT), 3, np.float32)
    flat = np.stack([np.zeros(COUNT), np.full(COUNT, 1e-9)]).astype(np.float32)
    assert (estimate_baseline(same, flat)[1] >= 1e-5).all()
    assert (average_baseline(same[:10], np.array(["a"] * 10, object))[1] >= 1e-5).all()


def test_the_general_deviation_is_the_one_within_voices() -> None:
    voices = [clips(50, 20 * k, 1.0, k) for k in range(4)]
    everything = np.concatenate(voices)
    names = np.repeat(np.array(["a", "b", "c", "d"], object), 50)
    general = average_baseline(everything, names)
    assert general[0] == pytest.approx(everything.mean(axis=0), abs=1e-4)
    assert general[1] == pytest.approx(1, abs=0.15)
    # Without speakers it is the one over all clips, which is much larger.
    unknown = average_baseline(everything, np.full(200, "", object))
    assert unknown[1] == pytest.approx(everything.std(axis=0), rel=1e-4)
    assert (unknown[1] > 20).all()


def test_speakers_with_few_clips_do_not_count() -> None:
    many, few = clips(40, 0, 1.0), clips(MIN_CLIPS - 1, 0, 1000.0, 1)
    names = np.array(["a"] * 40 + ["b"] * len(few), object)
    assert average_baseline(np.concatenate([many, few]), names)[1] == pytest.approx(1, abs=0.3)
