"""Seconds of speech: of synthesised speech, of what is none, of real voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from soundscape import NO_SPEECH, nothing
from speech import render

from ser.audio import reader
from ser.vad.silero import CHUNK, SPEECH_THRESHOLD, has_speech, speech_probabilities
from ser.vad.speech import (
    MIN_SPEECH_SECONDS,
    detect_speech,
    detect_speech_in_signal,
    seconds_of_speech,
)

RATE = 16_000


@pytest.mark.parametrize("kind", [*NO_SPEECH, nothing])
def test_what_is_no_speech(kind: Any) -> None:
    sounds = [kind(np.random.default_rng(seed)) for seed in range(8)]
    for level in (1e-4, 0.02, 0.5):
        scaled = [level * s / max(np.abs(s).max(), 1e-9) for s in sounds]
        assert (seconds_of_speech(scaled, RATE) < MIN_SPEECH_SECONDS).all()


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


def voice(seconds: float, seed: int = 3) -> Any:
    return np.asarray(render("happy", 4, seed=seed, seconds=2.0), np.float32)[
        : round(seconds * RATE)
    ]


def speech_chunks(window: Any) -> Any:
    return speech_probabilities(window[None])[0] >= SPEECH_THRESHOLD


def test_half_of_a_short_window_is_enough() -> None:
    # Ten chunks, 0.32 s, with a voice in the first eight.
    window = np.zeros(10 * CHUNK, np.float32)
    window[: 8 * CHUNK] = voice(2.0)[38 * CHUNK : 46 * CHUNK]
    assert 5 <= np.count_nonzero(speech_chunks(window)) < MIN_SPEECH_SECONDS * RATE / CHUNK
    assert detect_speech([window], RATE).tolist() == [True]
    first, length = np.zeros(1, np.intp), np.array([len(window)])
    assert detect_speech_in_signal(window, first, length).tolist() == [True]
    # Less than half is not.
    window[: 8 * CHUNK] = voice(2.0)[18 * CHUNK : 26 * CHUNK]
    assert 1 <= np.count_nonzero(speech_chunks(window)) < 5
    assert detect_speech([window], RATE).tolist() == [False]


def test_speech_anywhere_in_a_window_is_enough() -> None:
    word = voice(1.0)
    windows = []
    for start in (0.0, 0.4, 1.2, 1.7, 2.0):
        window = np.zeros(3 * RATE, np.float32)
        window[round(start * RATE) : round(start * RATE) + len(word)] = word
        windows.append(window)
    hiss = 0.01 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    heard = detect_speech([*windows, hiss], RATE, 0.5)
    assert heard.tolist() == [True] * 5 + [False]
    # More than there is.
    assert not detect_speech(windows, RATE, 1.2).any()
    # A recording may be shorter than a syllable.
    assert detect_speech([word[RATE // 10 : RATE // 4]], RATE).shape == (1,)


def voices_and_hiss(seconds: float) -> Any:
    rng = np.random.default_rng(5)
    signal = 0.003 * rng.standard_normal(round(seconds * RATE)).astype(np.float32)
    for second in range(1, int(seconds) - 3, 5):
        word = voice(2.0, seed=second)
        place = slice(second * RATE + 77, second * RATE + 77 + rng.integers(RATE // 10, 2 * RATE))
        signal[place] += word[: place.stop - place.start]
    return signal


@pytest.mark.parametrize("needed", [0.05, MIN_SPEECH_SECONDS, 0.5])
def test_the_answer_is_that_of_hearing_all(needed: float) -> None:
    signal = voices_and_hiss(40)
    windows = [signal[start : start + 2 * RATE] for start in range(0, 38 * RATE, RATE // 2)]
    windows += [signal[2 * RATE : 2 * RATE + size] for size in (1, 600, RATE // 3)]
    heard = detect_speech(windows, RATE, needed)
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
    together = detect_speech_in_signal(signal, starts, lengths)
    alone = detect_speech(
        [signal[a : a + n] for a, n in zip(starts.tolist(), lengths.tolist(), strict=True)], RATE
    )
    assert 0.3 < alone.mean() < 0.97
    assert (together == alone).mean() > 0.97
    # Borders between chunks are moved, and nothing else.
    moved = detect_speech_in_signal(signal, starts + 100, lengths)
    assert moved.tolist() == together.tolist()


def test_speech_behind_a_windows_end_does_not_count() -> None:
    # Nineteen chunks: not a whole number of rounds, so that chunks behind the end are computed.
    chunks = 19
    signal = np.zeros((1 + 2 * chunks) * CHUNK, np.float32)
    window = slice(CHUNK, (1 + chunks) * CHUNK)
    part = voice(2.0)[6 * CHUNK :]
    signal[10 * CHUNK :][: len(part)] = part[: len(signal) - 10 * CHUNK]
    spoken = speech_chunks(signal[window])
    count = np.count_nonzero(spoken)
    assert 3 <= count < 8
    # The voice goes on.
    assert spoken[-1]
    first, last = np.array([1, 1]), np.array([1 + chunks, 1 + chunks])
    assert has_speech(signal, first, last, np.array([count, count + 1])).tolist() == [True, False]
    # Nor do chunks that a shorter window has beside a longer one.
    short = signal[window][: 17 * CHUNK]
    both = seconds_of_speech([short, signal[window]], RATE)
    assert both[0] == seconds_of_speech([short], RATE)[0] < both[1]


@pytest.mark.corpora
def test_real_emotional_voices(corpora: Path) -> None:
    every = sorted((corpora / "ravdess").glob("Actor_*/*.flac"))[::29]
    windows = [reader.read(path, RATE) for path in every]
    heard = seconds_of_speech(windows, RATE)
    assert (heard >= MIN_SPEECH_SECONDS).mean() >= 0.97, [
        path.name for path, time in zip(every, heard, strict=True) if time < MIN_SPEECH_SECONDS
    ]


@pytest.mark.parametrize("peak", [-60, -80])
def test_soft_speech_is_speech(peak: int) -> None:
    loud = voice(2.0)
    soft = loud / np.abs(loud).max() * np.float32(10 ** (peak / 20))
    soft = np.round(soft * 2**23).astype(np.float32) / np.float32(2**23)
    windows = [soft, np.zeros_like(soft)]
    assert detect_speech(windows, RATE).tolist() == [True, False]
    heard, silence = seconds_of_speech(windows, RATE)
    assert heard == pytest.approx(seconds_of_speech([loud], RATE)[0], abs=0.07)
    assert silence == 0


def test_each_window_of_a_signal_has_a_level_of_its_own() -> None:
    loud = voice(2.0)
    signal = np.concatenate([loud, loud * np.float32(1e-3), np.zeros_like(loud)])
    starts, lengths = np.arange(3) * len(loud), np.full(3, len(loud))
    assert detect_speech_in_signal(signal, starts, lengths).tolist() == [True, True, False]


def test_a_click_is_no_level() -> None:
    soft = voice(2.0) * np.float32(1e-3)
    soft[RATE] = 1.0
    assert detect_speech([soft], RATE).tolist() == [True]
