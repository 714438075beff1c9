"""Seconds of speech: of synthesised speech, of what is none, of real voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from soundscape import NO_SPEECH, nothing
from speech import render

from ser.audio import reader
from ser.vad.silero import CHUNK
from ser.vad.speech import (
    SHORTEST_SPEECH,
    anybody_speaks,
    anybody_speaks_in,
    seconds_of_speech,
)

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
    [found] = seconds_of_speech([reader.resample(samples, RATE, rate)], rate)
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


def voices_and_hiss(seconds: float) -> Any:
    rng = np.random.default_rng(5)
    signal = 0.003 * rng.standard_normal(round(seconds * RATE)).astype(np.float32)
    for second in range(1, int(seconds) - 3, 5):
        voice = np.asarray(render("happy", 4, seed=second, seconds=2.0), np.float32)
        place = slice(second * RATE + 77, second * RATE + 77 + rng.integers(RATE // 10, 2 * RATE))
        signal[place] += voice[: place.stop - place.start]
    return signal


@pytest.mark.parametrize("needed", [0.05, SHORTEST_SPEECH, 0.5])
def test_the_answer_is_that_of_hearing_all(needed: float) -> None:
    signal = voices_and_hiss(40)
    windows = [signal[start : start + 2 * RATE] for start in range(0, 38 * RATE, RATE // 2)]
    windows += [signal[2 * RATE : 2 * RATE + size] for size in (1, 600, RATE // 3)]
    heard = anybody_speaks(windows, RATE, needed)
    quarter = [(-(-len(window) // CHUNK) // 4) * CHUNK for window in windows]
    whole = seconds_of_speech(windows, RATE)
    # What is enough in the middle is enough; chunks there begin where those of the window do.
    middle = seconds_of_speech(
        [
            window[margin : -(-len(window) // CHUNK) * CHUNK - margin]
            for window, margin in zip(windows, quarter, strict=True)
        ],
        RATE,
    )
    wanted = [min(needed, 0.5 * len(window) / RATE) for window in windows]
    expected = (whole >= wanted) | (middle >= wanted)
    assert 0.1 < expected.mean() < 0.95
    assert (heard == expected).mean() > 0.97, np.flatnonzero(heard != expected)


def test_windows_of_one_signal_are_heard_as_if_apart() -> None:
    signal = voices_and_hiss(40)
    starts = np.arange(0, 37 * RATE, RATE // 2 // CHUNK * CHUNK)
    lengths = np.full(len(starts), 3 * RATE)
    lengths[-1] = len(signal) - starts[-1]
    together = anybody_speaks_in(signal, starts, lengths)
    alone = anybody_speaks(
        [signal[a : a + n] for a, n in zip(starts.tolist(), lengths.tolist(), strict=True)], RATE
    )
    assert 0.3 < alone.mean() < 0.97
    assert (together == alone).mean() > 0.97
    # Borders between chunks are moved, and nothing else.
    moved = anybody_speaks_in(signal, starts + 100, lengths)
    assert moved.tolist() == together.tolist()


@pytest.mark.corpora
def test_real_emotional_voices(corpora: Path) -> None:
    every = sorted((corpora / "ravdess").glob("Actor_*/*.flac"))[::29]
    windows = [reader.read(path, RATE) for path in every]
    heard = seconds_of_speech(windows, RATE)
    assert (heard >= SHORTEST_SPEECH).mean() >= 0.97, [
        path.name for path, time in zip(every, heard, strict=True) if time < SHORTEST_SPEECH
    ]
