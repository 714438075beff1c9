"""Seconds of speech: of synthesised speech, of what is none, of real voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from soundscape import NO_SPEECH, nothing
from speech import render

from ser import audio
from ser.activity.speech import SHORTEST_SPEECH, anybody_speaks, seconds_of_speech

RATE = 16_000


@pytest.mark.parametrize("kind", [*NO_SPEECH, nothing])
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


def test_speech_anywhere_in_a_window_is_enough() -> None:
    voice = np.asarray(render("happy", 4, seed=3, seconds=2.0), np.float32)[:RATE]
    windows = []
    for start in (0.0, 0.4, 1.2, 1.7, 2.0):
        window = np.zeros(3 * RATE, np.float32)
        window[round(start * RATE) : round(start * RATE) + len(voice)] = voice
        windows.append(window)
    hiss = 0.01 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    heard = anybody_speaks([*windows, hiss], RATE, 0.5)
    assert heard.tolist() == [True] * 5 + [False]
    # More than there is.
    assert not anybody_speaks(windows, RATE, 1.2).any()
    # A recording may be shorter than a syllable.
    assert anybody_speaks([voice[RATE // 10 : RATE // 4]], RATE).shape == (1,)


@pytest.mark.corpora
def test_real_emotional_voices(corpora: Path) -> None:
    every = sorted((corpora / "ravdess").glob("Actor_*/*.flac"))[::29]
    windows = [audio.read(path, RATE) for path in every]
    heard = seconds_of_speech(windows, RATE)
    assert (heard >= SHORTEST_SPEECH).mean() >= 0.97, [
        path.name for path, time in zip(every, heard, strict=True) if time < SHORTEST_SPEECH
    ]
