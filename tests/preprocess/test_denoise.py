"""Noise reduction: noise goes and speech stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import RATE, speech

from ser.audio import reader
from ser.preprocess.loudness import integrated_loudness
from ser.preprocess.registry import parse_step

CLIP = speech(RATE, 2.0)


def decibels(samples: Any) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def test_noise_reduction_takes_noise_and_leaves_speech() -> None:
    noise = np.random.default_rng(0).normal(size=3 * RATE).astype(np.float32) * np.float32(0.003)
    noisy = noise.copy()
    noisy[RATE : 2 * RATE] += CLIP[:RATE]
    result = parse_step("denoise")(noisy, RATE)
    # A share of 0.9 of the amplitude is 20 dB, less what comes through now and then.
    assert decibels(result[: RATE // 2]) < decibels(noise) - 8
    voice, kept = CLIP[:RATE], result[RATE : 2 * RATE]
    assert decibels(kept - voice) < decibels(voice) - 12
    # More is more.
    assert decibels(parse_step("denoise:0.5")(noisy, RATE)[: RATE // 2]) > decibels(
        result[: RATE // 2]
    )


@pytest.mark.corpora
def test_real_clips_keep_their_speech(corpora: Path) -> None:
    """Cleanly recorded speech comes out of the noise reduction nearly as it went in."""
    for actor in (2, 3, 4, 5):
        name = f"ravdess/Actor_{actor:02d}/03-01-05-02-01-01-{actor:02d}.flac"
        samples = reader.read(corpora / name, RATE)
        changed = parse_step("denoise")(samples, RATE)
        assert decibels(changed - samples) < decibels(samples) - 18
        trimmed = parse_step("trim")(samples, RATE)
        assert 0.8 * RATE < len(trimmed) < len(samples)
        assert integrated_loudness(parse_step("loudness")(trimmed, RATE), RATE) == pytest.approx(
            -23, abs=0.01
        )
