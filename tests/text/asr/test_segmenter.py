"""Stretches of speech in a stream."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from speech import render

from ser.arrays import Samples
from ser.audio import reader
from ser.text.asr.base import SegmentLimits
from ser.text.asr.segmenter import STEP, SpeechSegment, SpeechSegmenter
from ser.vad.silero import CHUNK
from ser.vad.speech import MIN_SPEECH_SECONDS

RATE = 16_000
SHORT = SegmentLimits(pause=0.5, shortest=0.0, rest=0.5, longest=15.0)


def silence(seconds: float, rate: int = RATE) -> Samples:
    noise = 1e-4 * np.random.default_rng(0).standard_normal(round(seconds * rate))
    return noise.astype(np.float32)


def speech(seconds: float, rate: int = RATE, seed: int = 0) -> Samples:
    return np.asarray(render("angry", 1, seed=seed, seconds=seconds, sample_rate=rate), np.float32)


def cut(
    samples: Samples, limits: SegmentLimits, rate: int = RATE, block: int = 1000
) -> list[SpeechSegment]:
    segmenter = SpeechSegmenter(rate, limits)
    found = []
    for start in range(0, len(samples), block):
        found += segmenter.add(samples[start : start + block])
    return found + segmenter.finish()


@pytest.fixture(scope="module")
def talk() -> Samples:
    """Speech from 1 to 3 s and from 5 to 8 s, silence around it."""
    return np.concatenate([silence(1), speech(2), silence(2), speech(3, seed=1), silence(1)])


def test_pauses_separate(talk: Samples) -> None:
    first, second = cut(talk, SHORT)
    assert first.start == pytest.approx(1, abs=0.35)
    assert first.end == pytest.approx(3, abs=0.35)
    assert second.start == pytest.approx(5, abs=0.35)
    assert second.end == pytest.approx(8, abs=0.35)
    for segment in (first, second):
        begin, end = round(segment.start * RATE), round(segment.end * RATE)
        np.testing.assert_array_equal(segment.samples, talk[begin:end])


@pytest.mark.parametrize("block", [1, 37, 16_000, 10**6])
def test_blocks_of_any_size_give_the_same(talk: Samples, block: int) -> None:
    part = talk[: 4 * RATE] if block == 1 else talk
    expected = [(s.start, s.end) for s in cut(part, SHORT)]
    assert [(s.start, s.end) for s in cut(part, SHORT, block=block)] == expected


def test_short_pauses_join_where_stretches_are_to_be_long(talk: Samples) -> None:
    (whole,) = cut(talk, SegmentLimits(pause=0.5, shortest=4.0, rest=3.0, longest=29.0))
    assert whole.start == pytest.approx(1, abs=0.35)
    assert whole.end == pytest.approx(8, abs=0.35)


def test_endless_speech_is_cut_without_a_gap() -> None:
    talk = np.concatenate([speech(4, seed=seed) for seed in range(3)])
    found = cut(talk, SegmentLimits(pause=2.0, shortest=0.0, rest=2.0, longest=5.0))
    assert len(found) >= 2
    assert all(segment.end - segment.start <= 5.0 + 1e-6 for segment in found)
    for segment, following in itertools.pairwise(found):
        assert following.start == pytest.approx(segment.end)


def test_another_rate(talk: Samples) -> None:
    found = cut(reader.resample(talk, RATE, 22_050), SHORT, rate=22_050)
    expected = cut(talk, SHORT)
    assert len(found) == len(expected)
    for segment, other in zip(found, expected, strict=True):
        assert segment.start == pytest.approx(other.start, abs=0.2)
        assert len(segment.samples) == pytest.approx(22_050 / RATE * len(other.samples), rel=0.2)


def test_no_speech_no_stretches() -> None:
    assert cut(silence(5), SHORT) == []
    assert cut(np.empty(0, np.float32), SHORT) == []


def test_what_is_settled(talk: Samples) -> None:
    segmenter = SpeechSegmenter(RATE, SHORT)
    before = 0.0
    for start in range(0, len(talk), RATE // 2):
        found = segmenter.add(talk[start : start + RATE // 2])
        for segment in found:
            # Nothing comes that lies before what was said to be decided_until.
            assert segment.start >= before - 1e-6
        assert segmenter.decided_until >= before
        before = segmenter.decided_until
        if segmenter.speaking:
            assert segmenter.decided_until < (start + RATE // 2) / RATE
    assert before > 7


def test_memory_does_not_grow_with_silence() -> None:
    segmenter = SpeechSegmenter(RATE, SHORT)
    for _ in range(60):
        segmenter.add(silence(1))
    assert len(segmenter._samples) < 4 * RATE


def test_a_moment_is_no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    # A detector that takes what is loud for speech.
    def detect(windows: Samples) -> Samples:
        loud = np.abs(windows.reshape(len(windows), -1, CHUNK)).max(axis=2) > 0.5
        return loud.astype(np.float32)

    monkeypatch.setattr("ser.text.asr.segmenter.speech_probabilities", detect)
    chunks = math.ceil(MIN_SPEECH_SECONDS / STEP)
    for count, found in ((chunks - 1, 0), (chunks, 1)):
        samples = np.zeros(2 * RATE, np.float32)
        samples[50 * CHUNK // 2 : (50 // 2 + count) * CHUNK] = 1.0
        assert len(cut(samples, SHORT)) == found
