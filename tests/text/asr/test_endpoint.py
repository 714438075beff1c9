"""When a recording ends by itself."""

from __future__ import annotations

import numpy as np
from speech import render

from ser.text.asr.endpoint import EndpointDetector

RATE = 16_000
BLOCK = RATE // 20


def ended_at(ending: EndpointDetector, samples: np.ndarray) -> float | None:
    for start in range(0, len(samples), BLOCK):
        if ending.add(samples[start : start + BLOCK]):
            return (start + BLOCK) / RATE
    return None


def talk(*parts: float) -> np.ndarray:
    """Speech and silence in turns, beginning with silence; seconds."""
    made = [
        np.asarray(render("angry", 1, seed=0, seconds=seconds, sample_rate=RATE), np.float32)
        if number % 2
        else np.zeros(round(seconds * RATE), np.float32)
        for number, seconds in enumerate(parts)
    ]
    return np.concatenate(made)


def test_silence_behind_speech_is_an_end() -> None:
    ending = EndpointDetector(RATE, silence=1.0)
    at = ended_at(ending, talk(2.0, 2.0, 5.0))
    assert at is not None
    assert 4.7 < at < 5.8
    assert ending.spoken


def test_a_shorter_pause_is_none() -> None:
    assert ended_at(EndpointDetector(RATE, silence=2.0), talk(0.5, 2.0, 1.0, 2.0, 1.0)) is None


def test_nobody_speaks() -> None:
    ending = EndpointDetector(RATE, silence=1.0, patience=3.0)
    at = ended_at(ending, talk(10.0))
    assert at is not None
    assert 2.95 < at < 3.1
    assert not ending.spoken
    assert ended_at(EndpointDetector(RATE, silence=1.0), talk(10.0)) is None


def test_who_has_spoken_may_pause_for_longer_than_the_patience() -> None:
    ending = EndpointDetector(RATE, silence=2.0, patience=2.0)
    assert ended_at(ending, talk(0.5, 2.0, 1.0, 2.0, 1.0)) is None
