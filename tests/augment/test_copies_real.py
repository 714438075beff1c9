"""Copies of real voices have the duration, the pitch and the noise that they were drawn for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import mean_power
from ser.augment.copies import Copies
from ser.augment.recipe import parse_recipe
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

RATE = 16_000
F0 = Extractor(FeatureSpec(families=("f0",), n_fft=2048, win_length=2048, hop_length=256))


@pytest.fixture(scope="module")
def voices(corpora: Path) -> list[Samples]:
    """Calm clips of three women and three men, whose pitch pYIN finds."""
    return [
        reader.read(corpora / f"ravdess/Actor_{n:02d}/03-01-02-01-01-01-{n:02d}.flac", RATE)
        for n in range(2, 8)
    ]


def pitch_of(samples: Samples) -> float:
    f0 = F0(samples)[:, 0]
    return float(np.median(f0[f0 > 0]))


def made(text: str, samples: Samples) -> Samples:
    return Copies(parse_recipe(text)).make(samples, RATE, "clip", 0.0, 1)[1]


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("text", "duration", "pitch"),
    [
        ("stretch:0.8", 0.8, 1.0),
        ("stretch:1.25", 1.25, 1.0),
        ("pitch:3", 1.0, 2 ** (3 / 12)),
        ("pitch:-3", 1.0, 2 ** (-3 / 12)),
        ("speed:1.1", 1 / 1.1, 1.1),
        ("reverb:0.4", 1.0, 1.0),
    ],
)
def test_duration_and_pitch(
    text: str, duration: float, pitch: float, voices: list[Samples]
) -> None:
    copies = [made(text, voice) for voice in voices]
    for voice, copy in zip(voices, copies, strict=True):
        assert len(copy) / len(voice) == pytest.approx(duration, abs=0.001)
    ratios = [pitch_of(copy) / pitch_of(voice) for voice, copy in zip(voices, copies, strict=True)]
    assert ratios == pytest.approx([pitch] * len(voices), rel=0.07)
    assert np.median(ratios) == pytest.approx(pitch, rel=0.015)


@pytest.mark.corpora
@pytest.mark.parametrize("ratio", [0.0, 10.0, 20.0])
def test_signal_to_noise_ratio(ratio: float, voices: list[Samples]) -> None:
    for voice in voices:
        noise = made(f"noise:{ratio}", voice).astype(np.float64) - voice
        assert 10 * np.log10(mean_power(voice) / mean_power(noise)) == pytest.approx(
            ratio, abs=0.05
        )
