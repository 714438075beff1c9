"""One vector per clip: what its numbers are, and what does not change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.features.extract import Extractor
from ser.features.layout import functional_count
from ser.features.prosody.functionals import NAMES, _percentiles
from ser.features.spec import PRESETS, FeatureSpec

SPEC = PRESETS["emotion"].with_changes(functionals="prosody", trim=None, duration=None)
RATE = SPEC.sample_rate


def vector(samples: Any, spec: FeatureSpec = SPEC) -> Any:
    return Extractor(spec).compute_all(np.ascontiguousarray(samples, np.float32))[1]


def named(samples: Any) -> dict[str, float]:
    return dict(zip(NAMES, vector(samples).tolist(), strict=True))


def tone(hertz: float, seconds: float = 1.0, harmonics: int = 6) -> Any:
    time = np.arange(round(seconds * RATE)) / RATE
    return 0.1 * sum(np.cos(2 * np.pi * hertz * k * time) / k for k in range(1, harmonics + 1))


def noise(count: int) -> Any:
    return np.random.default_rng(0).normal(0, 0.1, count)


def pulse(count: int, place: int) -> Any:
    samples = np.zeros(count)
    samples[place] = 1
    return samples


def check_level(samples: Any) -> None:
    plain = vector(samples)
    assert len(np.unique(np.round(plain, 3))) > 60
    for decibels in (-40, -17.3, 40):
        louder = vector(samples * 10 ** (decibels / 20))
        assert louder[0] - plain[0] == pytest.approx(decibels, abs=1e-3)
        for name, one, other in zip(NAMES[1:], plain[1:], louder[1:], strict=True):
            assert other == pytest.approx(one, rel=1e-3, abs=1e-3), (name, decibels)


def test_every_number_has_a_name() -> None:
    for samples in (render("angry", 1, seed=0, seconds=1.0), np.zeros(100)):
        got = vector(samples)
        assert got.shape == (len(NAMES),)
        assert got.dtype == np.float32
    assert len(set(NAMES)) == len(NAMES)
    assert NAMES[0] == "level"
    assert functional_count(SPEC) == len(NAMES)
    without = SPEC.with_changes(functionals="none")
    assert functional_count(without) == 0
    assert vector(np.zeros(100), without).shape == (0,)


@pytest.mark.parametrize("emotion", ["neutral", "angry", "sad"])
def test_only_the_first_knows_the_level(emotion: str) -> None:
    check_level(render(emotion, 3, seed=1, seconds=2.0))


@pytest.mark.corpora
def test_only_the_first_knows_the_level_of_real_clips(corpora: Path) -> None:
    for path in sorted((corpora / "ravdess").rglob("*.flac"))[::240]:
        check_level(reader.read(path, RATE))


EXTREMES = {
    "one sample": np.ones(1),
    "one frame": noise(100),
    "two frames": noise(300),
    "three frames": noise(600),
    "zeros": np.zeros(RATE),
    "noise": noise(RATE),
    "click": pulse(RATE, 8000),
    "click at the end": pulse(RATE, RATE - 1),
    "tone": tone(100),
    "full scale": np.sign(tone(100)),
    "constant": np.ones(RATE),
    "whisper of rounding": noise(RATE) * 1e-30,
    "huge": noise(RATE) * 1e12,
}


@pytest.mark.parametrize("samples", EXTREMES.values(), ids=list(EXTREMES))
def test_extremes_give_numbers(samples: Any) -> None:
    got = vector(samples)
    assert got.shape == (len(NAMES),)
    assert np.isfinite(got).all(), [n for n, v in zip(NAMES, got, strict=True) if v != v]


@pytest.mark.parametrize("samples", [np.zeros(RATE), noise(RATE)], ids=["zeros", "noise"])
def test_what_has_no_voice_says_so(samples: Any) -> None:
    got = named(samples)
    assert got["voiced_rate"] == got["voiced_share"] == got["pitch_jitter_mean"] == 0


def test_pitch() -> None:
    low, high = named(tone(110)), named(tone(220))
    assert low["voiced_pitch_mean"] == pytest.approx(12 * np.log2(110), abs=0.1)
    assert high["voiced_pitch_median"] - low["voiced_pitch_median"] == pytest.approx(12, abs=0.1)
    assert low["voiced_pitch_range"] < 0.1
    assert low["pitch_jitter_mean"] < 0.05
    hertz = 100 * 2 ** np.linspace(0, 1, 2 * RATE)
    rising = named(np.sin(2 * np.pi * np.cumsum(hertz) / RATE))
    # An octave from end to end, of which 60 % lie between the 20th and the 80th percentile.
    assert rising["voiced_pitch_range"] == pytest.approx(0.6 * 12, abs=0.3)
    assert rising["voiced_pitch_trend"] == pytest.approx(6, abs=0.3)
    assert rising["pitch_rise_mean"] == pytest.approx(6, abs=0.5)


def test_rhythm() -> None:
    # Four syllables a second: they swell and fade for 0.15 s, then there are 0.1 s of silence.
    on = np.tile(np.r_[np.hanning(int(0.15 * RATE)), np.zeros(int(0.1 * RATE))], 12)
    got = named(tone(180, 3.0) * on + 1e-3 * noise(3 * RATE))
    assert got["syllable_rate"] == pytest.approx(4, abs=0.7)
    assert got["voiced_rate"] == pytest.approx(4, abs=0.5)
    assert 0.08 < got["voiced_mean"] < 0.2
    assert got["span"] == pytest.approx(2.9, abs=0.15)
    slow = named(np.r_[tone(180), np.zeros(RATE), tone(180)])
    assert slow["voiced_rate"] < 1
    assert slow["voiced_mean"] == pytest.approx(1, abs=0.1)
    assert slow["fullness"] == pytest.approx(2 / 3, abs=0.05)


def test_emotions_differ_as_the_synthesiser_makes_them() -> None:
    calm, angry = (
        np.mean([vector(render(e, 2, seed=k, seconds=2.0, intensity="strong")) for k in (0, 1)], 0)
        for e in ("neutral", "angry")
    )
    change = dict(zip(NAMES, angry - calm, strict=True))
    assert change["level"] > 10
    assert change["voiced_pitch_mean"] > 5
    assert change["voiced_alpha_mean"] < -3


def test_percentiles_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    for count in (1, 2, 5, 101, 188):
        rows = rng.normal(0, 10, (4, count)).astype(np.float32)
        expected = np.percentile(rows, (20, 50, 80), axis=1)
        assert np.array(_percentiles(rows, (20, 50, 80))) == pytest.approx(expected, abs=1e-4)


def test_features_and_functionals_come_from_one_pass() -> None:
    extractor = Extractor(SPEC)
    samples = extractor.prepare(render("happy", 4, seed=2, seconds=1.0))
    matrix, functionals = extractor.compute_all(samples)
    assert functionals.shape == (functional_count(SPEC),)
    assert np.array_equal(matrix, extractor.compute(samples))
