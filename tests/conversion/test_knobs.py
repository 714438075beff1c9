"""A voice that is changed by numbers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from speech import render

from ser.arrays import Samples
from ser.conversion.contours import extract_contours
from ser.conversion.jobs import convert_speech
from ser.conversion.knobs import (
    ADJUSTED,
    NEUTRAL,
    RANGES,
    AdjustedConverter,
    Knobs,
    report_phrase,
)
from ser.conversion.modification import identity_modification
from ser.conversion.pipeline import convert
from ser.errors import ParameterError
from ser.preprocess.loudness import integrated_loudness

RATE = 16_000


@pytest.fixture(scope="module")
def speech() -> Samples:
    said = np.asarray(render("neutral", 2, seed=4, seconds=3.0), np.float32)
    pause = np.random.default_rng(0).normal(0, 1e-4, RATE).astype(np.float32)
    return np.concatenate([pause, said, pause, said, pause])


def turned(speech: Samples, **knobs: float) -> Samples:
    return convert_speech((speech, RATE), None, knobs=Knobs(**knobs))[0]


def pitch(samples: Samples) -> tuple[float, float]:
    """Median and spread of F0 in semitones."""
    contours = extract_contours(samples)
    voiced = contours.pitch[contours.voiced]
    return float(np.median(voiced)), float(np.subtract(*np.percentile(voiced, (80, 20))))


def test_nothing_is_changed_to_the_sample(speech: Samples) -> None:
    assert (turned(speech) == speech).all()
    assert (convert(speech, RATE, AdjustedConverter(NEUTRAL), ADJUSTED) == speech).all()


@pytest.mark.parametrize("semitones", [-3.0, 2.0, 4.0])
def test_pitch(speech: Samples, semitones: float) -> None:
    before, after = pitch(speech), pitch(turned(speech, pitch=semitones))
    assert after[0] - before[0] == pytest.approx(semitones, abs=0.4)
    assert after[1] == pytest.approx(before[1], rel=0.25)


def test_range(speech: Samples) -> None:
    before = pitch(speech)
    wide, flat = pitch(turned(speech, range=1.6)), pitch(turned(speech, range=0.2))
    assert wide[1] / before[1] == pytest.approx(1.6, rel=0.2)
    assert flat[1] < 0.5 * before[1]
    assert wide[0] == pytest.approx(before[0], abs=0.5)


def test_rate_and_pauses(speech: Samples) -> None:
    assert len(turned(speech, rate=0.8)) > 1.05 * len(speech)
    assert len(turned(speech, rate=1.25)) < 0.97 * len(speech)
    shorter, longer = turned(speech, pauses=0.5), turned(speech, pauses=2.0)
    assert len(shorter) < len(speech) - RATE
    assert len(longer) > len(speech) + 2 * RATE
    assert len(turned(speech, pauses=0.0)) < len(speech) - 2 * RATE
    # A pause sounds as it did, and nothing jumps.
    assert np.abs(longer[: RATE // 2]).max() < 1e-3


def test_tilt(speech: Samples) -> None:
    def balance(samples: Samples) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
        high = power[(frequency > 3500) & (frequency < 4500)].mean()
        return float(10 * np.log10(high / power[(frequency > 400) & (frequency < 600)].mean()))

    assert balance(turned(speech, tilt=6.0)) - balance(speech) == pytest.approx(6, abs=2)
    assert balance(turned(speech, tilt=-6.0)) - balance(speech) == pytest.approx(-6, abs=2)


def test_level(speech: Samples) -> None:
    quiet = speech * np.float32(0.2)
    before = integrated_loudness(quiet, RATE)
    for level in (-6.0, 4.0):
        after = integrated_loudness(turned(quiet, level=level), RATE)
        assert after - before == pytest.approx(level, abs=0.3)
    # On top of the loudness that the result has: a higher voice is no louder.
    higher = integrated_loudness(turned(quiet, pitch=3.0, level=-6.0), RATE)
    assert higher - before == pytest.approx(-6, abs=0.3)


def test_a_report_says_what_was_done(speech: Samples) -> None:
    contours = extract_contours(speech)
    change = Knobs(pitch=2, range=1.5, rate=0.8, tilt=4).apply(
        contours, identity_modification(len(contours))
    )
    found = report_phrase(3.0, contours, change).to_dict()
    assert (found["start"], found["rate"]) == (3.0, 0.8)
    assert found["tilt"] == pytest.approx(4, abs=0.01)
    assert found["range"] == pytest.approx(1.5, abs=0.01)
    assert found["pitch"] == pytest.approx(2, abs=0.6)
    nothing = report_phrase(0.0, contours, identity_modification(len(contours)))
    assert (nothing.pitch, nothing.range, nothing.rate, nothing.tilt, nothing.level) == (
        0, 1, 1, 0, pytest.approx(0, abs=1e-6),
    )  # fmt: skip


def test_what_is_out_of_range() -> None:
    assert tuple(field.name for field in fields(Knobs)) == tuple(RANGES)
    for name, (low, high, _) in RANGES.items():
        Knobs(**{name: low})
        Knobs(**{name: high})
        for wrong in (low - 0.1, high + 0.1, float("nan")):
            with pytest.raises(ParameterError, match=f"{name}=.*is not from"):
                Knobs(**{name: wrong})
