"""Pitch marks of voices whose periods are known, and of real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.conversion.contours import HOP, Contours, extract_contours
from ser.conversion.pitch_marks import SPACING, PitchMarks, find_pitch_marks


def pulses(hertz: Any, rate: int) -> tuple[Any, Any]:
    """A voice of one formant, and the samples at which its glottis closes."""
    cycles = np.cumsum(hertz) / rate
    places = np.flatnonzero(np.diff(np.floor(cycles))) + 1
    train = np.zeros(len(hertz))
    train[places] = 1
    time = np.arange(round(0.012 * rate)) / rate
    ring = np.exp(-400 * time) * np.sin(2 * np.pi * 700 * time)
    return (0.3 * np.convolve(train, ring)[: len(hertz)]).astype(np.float32), places


def marks_of(samples: Any, rate: int) -> tuple[PitchMarks, Any]:
    contours = extract_contours(reader.resample(samples, rate, 16_000))
    return find_pitch_marks(samples, rate, contours), contours


@pytest.mark.parametrize("rate", [16_000, 22_050, 48_000])
@pytest.mark.parametrize(("first", "last"), [(90, 160), (320, 180)])
def test_a_mark_in_each_period(rate: int, first: float, last: float) -> None:
    time = np.arange(rate) / rate
    samples, places = pulses(first * (last / first) ** time, rate)
    marks, _ = marks_of(samples, rate)
    marks = marks.places[marks.voiced]
    inside = places[(places > 0.1 * rate) & (places < 0.9 * rate)]
    period = rate / min(first, last)
    after = np.searchsorted(marks, inside)
    # The energy of a pulse lies some samples behind its beginning, each time as many.
    lag = marks[after] - inside
    assert len(np.unique(after)) == len(inside)
    assert lag.max() < 0.6 * period
    assert lag.std() < 0.0002 * rate


def test_marks_are_even_where_the_voice_is() -> None:
    samples, _ = pulses(np.full(16_000, 123.4), 16_000)
    marks, _ = marks_of(samples, 16_000)
    inner = marks.voiced[1:] & marks.voiced[:-1]
    gaps = np.diff(marks.places)[inner]
    assert np.abs(gaps - 16_000 / 123.4)[3:-3].max() < 1.0


def test_marks_of_a_single_harmonic_are_even() -> None:
    # Its energy is spread over the period, and where it is in each one is chance.
    time = np.arange(16_000) / 16_000
    samples = (0.3 * np.sin(2 * np.pi * 150 * time)).astype(np.float32)
    samples += np.random.default_rng(0).normal(0, 0.01, len(samples)).astype(np.float32)
    marks, _ = marks_of(samples, 16_000)
    inner = marks.voiced[1:] & marks.voiced[:-1]
    assert np.abs(np.diff(marks.places)[inner] - 16_000 / 150).max() < 2.0


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_marks_fill_the_phrase(rate: int) -> None:
    samples = np.asarray(render("sad", 3, seed=1, seconds=1.5, sample_rate=rate), np.float32)
    marks, contours = marks_of(samples, rate)
    assert marks.places[0] == 0
    assert marks.places[-1] == len(samples)
    assert not marks.voiced[[0, -1]].any()
    gaps = np.diff(marks.places)
    assert gaps.min() >= 1
    assert gaps.max() < 0.025 * rate
    # Where there is no voice: whole samples, evenly.
    quiet = ~marks.voiced[1:] & ~marks.voiced[:-1]
    assert np.abs(gaps[quiet] - SPACING * rate).max() < 0.5 * SPACING * rate
    assert (marks.places[~marks.voiced] % 1 == 0).all()
    # As many marks in voices as the contour has periods.
    hertz = 2 ** (contours.pitch[contours.voiced] / 12)
    assert marks.voiced.sum() == pytest.approx(hertz.sum() * HOP, rel=0.1)


def test_nothing_voiced() -> None:
    noise = (0.01 * np.random.default_rng(0).standard_normal(8000)).astype(np.float32)
    marks, contours = marks_of(noise, 16_000)
    assert not contours.voiced.any()
    assert not marks.voiced.any()
    assert marks.places[-1] == 8000


@pytest.mark.parametrize("count", [1, 2, 10, 100, 400])
def test_very_short_sounds(count: int) -> None:
    samples = np.sin(np.arange(count, dtype=np.float32))
    marks, _ = marks_of(samples, 16_000)
    assert marks.places[0] == 0
    assert marks.places[-1] == count
    assert (np.diff(marks.places) > 0).all()


@pytest.mark.corpora
@pytest.mark.parametrize("actor", [3, 6])
def test_real_voices_are_marked_once_per_period(corpora: Path, actor: int) -> None:
    """A fearful voice of much breath is among them, whose fundamental is weak."""
    clip = corpora / f"ravdess/Actor_{actor:02d}/03-01-06-02-01-01-{actor:02d}.flac"
    samples = reader.read(clip, 24_000)
    marks, contours = marks_of(samples, 24_000)
    inner = marks.voiced[1:] & marks.voiced[:-1]
    gaps = np.diff(marks.places)[inner] / 24_000
    middles = (marks.places[1:] + marks.places[:-1])[inner] / 2 / (24_000 * HOP)
    pitch = 12 * np.log2(1 / gaps)
    expected = np.interp(middles, np.arange(len(contours)), contours.pitch)
    assert np.median(np.abs(pitch - expected)) < 0.4
    assert np.mean(np.abs(pitch - expected) > 3) < 0.06


def test_marks_go_on_where_the_contour_does_not_see_the_voice() -> None:
    """But not to the ends of the phrase, and not into noise."""
    rate = 16_000
    voice, _ = pulses(np.full(rate, 150.0), rate)
    noise = (0.02 * np.random.default_rng(0).standard_normal(rate)).astype(np.float32)
    samples = np.concatenate([voice, noise])
    contours = extract_contours(samples)
    seen = contours.voiced.copy()
    seen[:20] = seen[93:] = False
    shortened = Contours(contours.cepstrum, contours.pitch, seen, contours.logmel)
    marks = find_pitch_marks(samples, rate, shortened)
    marks = marks.places[marks.voiced]
    # From 80 ms before what was seen, to the end of the voice.
    assert marks[0] == pytest.approx((20 - 8) * 160, abs=200)
    assert marks[-1] == pytest.approx(rate, abs=200)
    seen[:2] = False
    seen[2:93] = True
    whole = Contours(contours.cepstrum, contours.pitch, seen, contours.logmel)
    marks = find_pitch_marks(samples, rate, whole).places
    assert (marks[marks < 1.4 * 160] % 1 == 0).all()
