"""The course of a contour in six cosines: what it says, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.features.extract import Extractor
from ser.features.layout import functional_count
from ser.features.prosody.contours import COSINES, NAMES
from ser.features.prosody.functionals import NAMES as STATISTICS
from ser.features.prosody.functionals import names
from ser.features.spec import PRESETS

SPEC = PRESETS["emotion"].with_changes(functionals="contours", trim=None, duration=None)
RATE = SPEC.sample_rate


def gliding(first: float, last: float, seconds: float = 1.0) -> Any:
    """Twelve harmonics whose pitch goes from one to the other in equal ratios."""
    hertz = np.geomspace(first, last, round(seconds * RATE))
    phase = 2 * np.pi * np.cumsum(hertz) / RATE
    return 0.1 * sum(np.cos(k * phase) / k for k in range(1, 13))


def course(samples: Any, track: str = "pitch") -> Any:
    vector = Extractor(SPEC).compute_all(np.ascontiguousarray(samples, np.float32))[1]
    found = dict(zip(names(SPEC), vector.tolist(), strict=True))
    return np.array([found[f"{track}_course{k}"] for k in range(1, COSINES + 1)])


def test_statistics_come_first() -> None:
    samples = render("angry", 1, seed=0, seconds=1.0)
    both = Extractor(SPEC).compute_all(samples)[1]
    statistics = Extractor(SPEC.with_changes(functionals="prosody")).compute_all(samples)[1]
    np.testing.assert_array_equal(both[: len(statistics)], statistics)
    assert names(SPEC) == (*STATISTICS, *NAMES)
    assert len(both) == functional_count(SPEC) == len(set(names(SPEC)))
    assert names(SPEC.with_changes(functionals="none")) == ()


def test_a_glide_is_half_a_cosine() -> None:
    # An octave of 12 semitones, as a ramp: the first cosine has 0.45 of its height or so.
    rise, fall = course(gliding(120, 240)), course(gliding(240, 120))
    ramp = np.linspace(-6, 6, 1000)
    expected = np.sqrt(2) * np.mean(ramp * np.cos(np.pi * (np.arange(1000) + 0.5) / 1000))
    assert rise[0] == pytest.approx(expected, rel=0.1)
    assert fall[0] == pytest.approx(-expected, rel=0.1)
    assert np.abs(rise[1:]).max() < 0.15 * abs(rise[0])


def test_neither_height_nor_tempo_nor_level_is_a_course() -> None:
    plain = course(gliding(120, 180))
    for other in (gliding(180, 270), gliding(120, 180, seconds=2.0), 30 * gliding(120, 180)):
        assert course(other) == pytest.approx(plain, abs=0.15)


def test_silence_around_is_left_out() -> None:
    samples = gliding(120, 180)
    around = np.pad(samples, RATE // 2)
    assert course(around) == pytest.approx(course(samples), abs=0.3)


@pytest.mark.parametrize(
    "samples",
    [np.zeros(100), np.ones(1), np.random.default_rng(0).normal(0, 0.1, RATE)],
    ids=["silence", "a sample", "noise"],
)
def test_what_has_no_pitch_has_no_course_of_it(samples: Any) -> None:
    assert (course(samples)[:] == 0).all() or len(samples) == RATE
    assert np.isfinite(course(samples, "energy")).all()
    assert np.abs(course(samples, "energy")).max() < 60


def test_how_silent_a_pause_is_does_not_matter() -> None:
    hiss = np.random.default_rng(0).normal(0, 1e-6, RATE // 2)
    pauses = [np.zeros(RATE // 2), hiss, 0.1 * hiss]
    found = [
        course(np.concatenate([gliding(120, 140), pause, gliding(140, 120)]), "energy")
        for pause in pauses
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-3)
