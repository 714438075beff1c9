"""Talk time and pauses of recordings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from soundscape import NO_SPEECH
from speech import render

from ser.arrays import Samples
from ser.audio import reader
from ser.timeline.summary import TalkTime
from ser.vad.meter import SpeechMeter

RATE = 16_000
VOICE = np.asarray(render("happy", 4, seed=3, seconds=2.0), np.float32)
LOUD = np.flatnonzero(np.abs(VOICE) > 0.02 * np.abs(VOICE).max())
SPEECH = VOICE[LOUD[0] : LOUD[-1]]
SECONDS = len(SPEECH) / RATE


def silence(seconds: float) -> Samples:
    return np.random.default_rng(0).normal(0, 1e-5, round(seconds * RATE)).astype(np.float32)


def measure(blocks: Sequence[Samples], rate: int = RATE) -> TalkTime:
    meter = SpeechMeter(rate)
    for block in blocks:
        meter.add(block)
    return meter.finish()


def test_the_pauses_between_utterances() -> None:
    parts = [silence(2), SPEECH, silence(1.5), SPEECH, silence(4), SPEECH, silence(3)]
    found = measure([np.concatenate(parts)])
    assert found.seconds == pytest.approx(3 * SECONDS, rel=0.25)
    # What is before the first word and behind the last is no pause.
    assert found.pauses >= 2
    assert found.longest == pytest.approx(4, abs=0.4)
    assert found.silent == pytest.approx(5.5, abs=1.2)


def test_blocks_of_any_length_and_a_constant_offset_change_nothing() -> None:
    signal = np.concatenate([SPEECH, silence(1), SPEECH, silence(30), SPEECH])
    whole = measure([signal])
    assert measure(np.array_split(signal, 97)) == whole
    shifted = measure([signal + np.float32(0.2)])
    assert shifted.seconds == pytest.approx(whole.seconds, abs=0.2)
    assert whole.longest == pytest.approx(30, abs=0.5)


def test_soft_speech_is_speech() -> None:
    signal = np.concatenate([SPEECH, silence(1), SPEECH])
    found = measure([signal * np.float32(1e-3)])
    assert found.seconds == pytest.approx(measure([signal]).seconds, rel=0.1)


def test_other_rates() -> None:
    signal = np.concatenate([SPEECH, silence(2), SPEECH])
    found = measure([reader.resample(signal, RATE, 22_050)], 22_050)
    assert found.seconds == pytest.approx(2 * SECONDS, rel=0.25)
    assert found.longest == pytest.approx(2, abs=0.4)


def test_what_is_no_speech() -> None:
    rng = np.random.default_rng(1)
    for kind in NO_SPEECH:
        sound = np.asarray(kind(rng), np.float32)
        assert measure([sound / max(np.abs(sound).max(), 1e-9)]).seconds < 0.3
    assert measure([]) == TalkTime(0.0, 0, 0.0, 0.0)
    silent = measure([np.zeros(RATE, np.float32)])
    assert silent == TalkTime(0.0, 0, 0.0, 0.0, ((0.0, 1.024),))
