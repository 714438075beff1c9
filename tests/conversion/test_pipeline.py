"""Whole recordings: pauses as they are, no joints, all channels alike, in constant memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.conversion import pipeline
from ser.conversion.contours import Contours, extract_contours
from ser.conversion.modification import Modification, identity_modification
from ser.conversion.phrases import split_phrases
from ser.conversion.pipeline import convert, convert_stream
from ser.errors import SerError

RATE = 16_000


class Steady:
    """The same change for everything, or what a test says."""

    emotions = ("angry", "neutral")

    def __init__(self, semitones: float = 3, decibels: float = 6, factor: float = 1.2) -> None:
        self.values = semitones, decibels, factor
        self.asked: list[tuple[int, str, float, str | None]] = []

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        if to not in self.emotions:
            raise SerError(to, "is unknown")
        frames = len(contours)
        self.asked.append((frames, to, intensity, source))
        if to == source or not intensity:
            return identity_modification(frames)
        semitones, decibels, factor = self.values
        return Modification(
            np.full(frames, semitones, np.float32),
            np.full((frames, 80), decibels, np.float32),
            np.full(frames, factor, np.float32),
        )


def talk(rate: int = RATE, phrases: int = 4) -> Any:
    parts = []
    for number in range(phrases):
        parts += [
            np.asarray(
                render("sad", 3, seed=number, text=number + 1, sample_rate=rate), np.float32
            ),
            1e-4 * np.random.default_rng(number).standard_normal(rate // 2).astype(np.float32),
        ]
    return np.concatenate(parts)


def blocks(samples: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


@pytest.fixture(scope="module")
def recording() -> Any:
    return talk()


def test_phrases_that_are_asked_each_for_itself(recording: Any) -> None:
    heard: list[int] = []

    def first_is_angry(samples: Any) -> str | None:
        heard.append(len(samples))
        return "angry" if len(heard) == 1 else None

    steady = Steady()
    result = convert(recording, RATE, steady, "angry", 1.0, first_is_angry)
    assert [source for *_, source in steady.asked] == ["angry", None, None, None]
    assert sum(heard) <= len(recording)
    # The first phrase stays, the second does not.
    np.testing.assert_array_equal(result[: 2 * RATE], recording[: 2 * RATE])
    assert not np.array_equal(result[: 6 * RATE], recording[: 6 * RATE])


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("channels", [0, 1, 2, 5])
def test_no_change_is_the_source_to_the_last_bit(rate: int, channels: int) -> None:
    samples = talk(rate, 2)
    if channels:
        samples = np.stack([samples / (1 + c) for c in range(channels)], axis=1)
    for arguments in (("neutral", 1.0, "neutral"), ("angry", 0.0, None)):
        np.testing.assert_array_equal(convert(samples, rate, Steady(), *arguments), samples)


def test_phrases_change_and_pauses_stay(recording: Any) -> None:
    converter = Steady()
    result = convert(recording, RATE, converter, "angry", 0.8, "sad")
    assert {asked[1:] for asked in converter.asked} == {("angry", 0.8, "sad")}
    assert len(converter.asked) >= 3
    assert result.dtype == np.float32
    before, after = (list(split_phrases([s[:, None]], RATE)) for s in (recording, result))
    quiet = [sum(len(p.samples) for p in some if p.is_pause) / RATE for some in (before, after)]
    assert quiet[1] == pytest.approx(quiet[0], abs=0.4)
    loud = [sum(len(p.samples) for p in some if not p.is_pause) / RATE for some in (before, after)]
    assert loud[1] == pytest.approx(1.2 * loud[0], rel=0.12)
    old, new = extract_contours(recording), extract_contours(result)
    raised = np.median(new.pitch[new.voiced]) - np.median(old.pitch[old.voiced])
    assert raised == pytest.approx(3, abs=0.5)
    strength = [np.percentile(c.bands[c.voiced].mean(axis=1), 80) for c in (old, new)]
    assert strength[1] - strength[0] > 3


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
def test_joints_are_not_heard(rate: int) -> None:
    """What is next to a joint is the source's own samples, so that nothing can click there."""
    samples = talk(rate, 2)
    parts = list(convert_stream(blocks(samples, 5000), rate, Steady(4, 12, 1.3), "angry"))
    joints = np.cumsum([len(part) for part in parts])
    result = np.concatenate(parts)
    usual = np.percentile(np.abs(np.diff(samples)), 90)
    for place in joints[:-1]:
        steps = np.abs(np.diff(result[place - 20 : place + 20]))
        assert steps.max() < 3 * usual
    assert np.abs(np.diff(result)).max() < 10 ** (14 / 20) * 1.3 * np.abs(np.diff(samples)).max()


def test_speech_that_does_not_pause_is_joined_where_it_was_cut() -> None:
    """A vowel of thirty seconds behind a word: its waveform goes on through every joint."""
    time = np.arange(30 * RATE) / RATE
    hertz = 140 + 10 * np.sin(2 * np.pi * 0.5 * time)
    cycles = np.cumsum(hertz) / RATE
    vowel = sum(
        np.cos(2 * np.pi * k * cycles) / (1 + ((k * 140 - 600) / 250) ** 2) for k in range(1, 25)
    )
    word = np.asarray(render("angry", 3, seed=1), np.float32)
    word = word[: np.flatnonzero(np.abs(word) > 0.3 * np.abs(word).max())[-1]]
    vowel *= np.abs(word).max() / np.abs(vowel).max()
    samples = np.concatenate([word, vowel]).astype(np.float32)
    converter = Steady(3, 0, 1.1)
    result = convert(samples, RATE, converter, "angry")
    assert len(converter.asked) >= 3
    assert len(result) == pytest.approx(1.1 * len(samples), rel=0.01)
    assert np.abs(np.diff(result)).max() < 1.3 * np.abs(np.diff(samples)).max()
    level = np.sqrt(np.convolve(result**2, np.ones(400) / 400, "valid"))[3 * RATE : -RATE]
    assert level.min() > 0.5 * np.median(level)


def test_channels_keep_their_places(recording: Any) -> None:
    pair = np.stack([recording, 0.4 * recording], axis=1)
    result = convert(pair, RATE, Steady(), "angry")
    assert result.shape[1] == 2
    np.testing.assert_allclose(result[:, 1], 0.4 * result[:, 0], atol=1e-5)
    alone = convert(0.7 * recording, RATE, Steady(), "angry")
    np.testing.assert_allclose(result.mean(axis=1), alone, atol=2e-3)


def test_a_stream_is_what_the_whole_is(recording: Any) -> None:
    whole = convert(recording, RATE, Steady(), "angry")
    for size in (7777, 10**7):
        parts = list(convert_stream(blocks(recording, size), RATE, Steady(), "angry"))
        np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("streaming", [False, True])
def test_nothing_is_clipped_and_levels_keep_their_places(recording: Any, streaming: bool) -> None:
    samples = recording * np.float32(0.9 / np.abs(recording).max())
    converter = Steady(0, 15, 1)
    if streaming:
        result = np.concatenate(
            list(convert_stream(blocks(samples, 9000), RATE, converter, "angry"))
        )
    else:
        result = convert(samples, RATE, converter, "angry")
    assert 0.8 < np.abs(result).max() <= 1
    assert np.mean(np.abs(result) > 0.97) < 1e-4
    plain = convert(recording * np.float32(0.01), RATE, converter, "angry")
    if not streaming:
        factor = result.max() / plain.max()
        np.testing.assert_allclose(result, plain * factor, atol=0.02)


def test_what_is_no_speech_stays() -> None:
    rng = np.random.default_rng(0)
    time = np.arange(5 * RATE) / RATE
    noise = 0.05 * rng.standard_normal(5 * RATE)
    chord = sum(0.05 * np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330))
    for samples in (np.zeros(5 * RATE), noise, chord):
        samples = np.asarray(samples, np.float32)
        np.testing.assert_array_equal(convert(samples, RATE, Steady(), "angry"), samples)


@pytest.mark.parametrize("count", [0, 1, 2, 100, 3000])
@pytest.mark.parametrize("rate", [8_000, 48_000])
def test_very_short_recordings(count: int, rate: int) -> None:
    samples = np.asarray(0.5 * np.sin(np.arange(count) / 9), np.float32)
    for shaped in (samples, np.stack([samples, samples], axis=1)):
        result = convert(shaped, rate, Steady(), "angry")
        assert result.ndim == shaped.ndim
        assert np.isfinite(result).all()
        assert abs(len(result) - count) <= 0.2 * count + 1


def test_an_unknown_emotion_is_said(recording: Any) -> None:
    with pytest.raises(SerError, match="unknown"):
        convert(recording, RATE, Steady(), "bored")


def test_long_recordings_need_little_memory() -> None:
    """What is read ahead does not depend on how much there is."""
    block = talk(RATE, 2)

    def peak(times: int) -> int:
        tracemalloc.start()
        for _ in convert_stream((block for _ in range(times)), RATE, Steady(0, 3, 1.0), "angry"):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert peak(8) < 1.5 * peak(3)


@pytest.mark.corpora
def test_real_recordings(corpora: Path) -> None:
    """Clips of several voices and levels in a row: phrases are found, and all are changed."""
    paths = sorted((corpora / "ravdess").glob("Actor_0[1-4]/03-01-0[1358]-01-02-01-*.flac"))
    samples = np.concatenate([reader.read(path, 24_000) for path in paths[:5]])
    converter = Steady(2, 4, 1.15)
    result = convert(samples, 24_000, converter, "angry")
    assert len(converter.asked) >= 5
    assert np.isfinite(result).all()
    old, new = (extract_contours(reader.resample(s, 24_000, 16_000)) for s in (samples, result))
    rose = np.median(new.pitch[new.voiced]) - np.median(old.pitch[old.voiced])
    assert rose == pytest.approx(2, abs=0.7)
    assert np.percentile(new.bands, 10) == pytest.approx(np.percentile(old.bands, 10), abs=1)


def test_speech_that_was_cut_goes_on_as_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    # Noise whose level rises and falls four times a second has no pauses: it is cut.
    time = np.arange(20 * 16_000) / 16_000
    noise = np.random.default_rng(0).normal(0, 0.05, len(time))
    sound = (noise * (1 + 0.5 * np.sin(8 * np.pi * time))).astype(np.float32)
    samples = np.concatenate([sound, np.zeros(16_000, np.float32), sound[:48_000]])
    converter = Steady(0, 0, 1)
    answers = iter([True])
    monkeypatch.setattr(pipeline, "_is_speech", lambda part: next(answers, False))
    convert(samples, 16_000, converter, "angry")
    # All of the first 20 seconds, and nothing behind the pause.
    lengths = [frames for frames, *_ in converter.asked]
    assert len(lengths) > 1
    assert sum(lengths) / 100 == pytest.approx(20, abs=0.5)
