"""Seconds of speech: of synthesised speech, of what is none, of real voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.signal import butter, sosfilt
from speech import render

from ser import audio
from ser.activity.speech import SHORTEST_SPEECH, seconds_of_speech

RATE = 16_000
TIME = np.arange(3 * RATE) / RATE


def chords(rng: Any) -> Any:
    """Struck chords with a drum."""
    out = np.zeros(3 * RATE)
    for beat in range(6):
        place = slice(beat * RATE // 2, (beat + 1) * RATE // 2)
        time = TIME[: RATE // 2]
        root = 110 * 2 ** (rng.integers(0, 24) / 12)
        for step in (0, 4, 7):
            tone = root * 2 ** (step / 12)
            waves = sum(np.sin(2 * np.pi * tone * k * time) / k for k in range(1, 8))
            out[place] += waves * np.exp(-rng.uniform(1, 6) * time)
        out[place][:1600] += 2 * rng.standard_normal(1600) * np.exp(-np.arange(1600) / 300)
    return out


def violin(rng: Any) -> Any:
    tone = 220 * 2 ** (rng.integers(0, 24) / 12) * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * TIME))
    phase = 2 * np.pi * np.cumsum(tone) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 12))


def applause(rng: Any) -> Any:
    out = np.zeros(3 * RATE)
    for clap in rng.integers(0, 3 * RATE - 400, 1500):
        out[clap : clap + 400] += rng.standard_normal(400) * np.exp(-np.arange(400) / 40)
    return sosfilt(butter(2, (500, 5000), "bandpass", fs=RATE, output="sos"), out)


def swelling_noise(rng: Any) -> Any:
    """Noise at the rate of syllables."""
    return rng.standard_normal(3 * RATE) * (1 + np.sin(2 * np.pi * 4 * TIME))


def hum(rng: Any) -> Any:
    return sum(np.sin(2 * np.pi * 50 * k * TIME) / k for k in range(1, 20))


def nothing(rng: Any) -> Any:
    return np.zeros(3 * RATE)


@pytest.mark.parametrize("kind", [chords, violin, applause, swelling_noise, hum, nothing])
def test_what_is_no_speech(kind: Any) -> None:
    sounds = [kind(np.random.default_rng(seed)) for seed in range(8)]
    for level in (0.02, 0.5):
        scaled = [level * s / max(np.abs(s).max(), 1e-9) for s in sounds]
        assert (seconds_of_speech(scaled, RATE) < SHORTEST_SPEECH).all()


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 48_000])
def test_speech_at_any_rate(rate: int) -> None:
    samples = np.asarray(render("angry", 4, seed=1, seconds=2.0), np.float32)
    [found] = seconds_of_speech([audio.resample(samples, RATE, rate)], rate)
    assert found > 0.8


def test_windows_of_several_lengths() -> None:
    samples = np.asarray(render("sad", 4, seed=2, seconds=2.0), np.float32)
    parts = [samples, samples[:RATE], samples[: RATE // 2], samples[:1]]
    together = seconds_of_speech(parts, RATE)
    alone = [seconds_of_speech([part], RATE)[0] for part in parts]
    assert together == pytest.approx(np.array(alone), abs=0.05)
    assert seconds_of_speech([], RATE).shape == (0,)


@pytest.mark.corpora
def test_real_emotional_voices(corpora: Path) -> None:
    every = sorted((corpora / "ravdess").glob("Actor_*/*.flac"))[::29]
    windows = [audio.read(path, RATE) for path in every]
    heard = seconds_of_speech(windows, RATE)
    assert (heard >= SHORTEST_SPEECH).mean() >= 0.97, [
        path.name for path, time in zip(every, heard, strict=True) if time < SHORTEST_SPEECH
    ]
