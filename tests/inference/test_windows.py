"""Windows side by side and over each other: the same answers, where they see the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.features.extract import Extractor
from ser.features.spec import PRESETS
from ser.inference.windows import OverlappingWindows, SeparateWindows

RATE = 16_000
SPEC = PRESETS["emotion"]


@pytest.fixture(scope="module")
def signal() -> Any:
    hiss = 0.003 * np.random.default_rng(1).standard_normal(12 * RATE)
    for second in (1, 2, 8):
        voice = np.asarray(render("happy", 4, seed=second, seconds=1.0), np.float32)[:RATE]
        hiss[second * RATE : second * RATE + len(voice)] += voice
    return hiss.astype(np.float32)


def both(signal: Any, rate: int = RATE) -> tuple[SeparateWindows, OverlappingWindows]:
    # On borders of frames and of chunks of the detector.
    spans = [(start, start + 2 * rate) for start in range(0, len(signal) - 2 * rate, 8192)]
    times = [(start / rate, stop / rate) for start, stop in spans]
    return (
        SeparateWindows([signal[start:stop] for start, stop in spans], times),
        OverlappingWindows(signal, spans, times),
    )


def test_the_same_is_heard(signal: Any) -> None:
    apart, over = both(signal)
    assert apart.times == over.times
    assert apart.power() == pytest.approx(over.power())
    heard = apart.speech(RATE)
    assert 0.2 < np.mean(heard) < 0.8
    assert over.speech(RATE) == heard
    # At other rates each window is resampled by itself.
    apart, over = both(signal[: 6 * RATE], 8000)
    assert over.speech(8000) == apart.speech(8000)


def test_the_same_features(signal: Any) -> None:
    apart, over = both(signal)
    parts = [(0, 0, 2 * RATE), (2, 256 * 7, 2 * RATE), (3, 0, RATE)]
    extractor = Extractor(SPEC)
    for one, other in zip(
        apart.features(parts, extractor), over.features(parts, extractor), strict=True
    ):
        assert other[0] == pytest.approx(one[0], abs=2e-3)
        assert other[1] == pytest.approx(one[1], abs=2e-3, rel=2e-3)
    assert apart.grid(SPEC) == 1
    assert over.grid(SPEC) == SPEC.hop_length
