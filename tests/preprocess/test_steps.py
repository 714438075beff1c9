"""Cleaning steps: what all of them promise, and what each does in numbers."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import RunPython
from recordings import RATE, speech

from ser.arrays import Samples
from ser.audio import reader
from ser.errors import SerError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec
from ser.preprocess import loudness
from ser.preprocess.base import Step
from ser.preprocess.loudness import integrated_loudness, k_weighted
from ser.preprocess.registry import STEPS, package_imports, parse_step

CLIP = speech(RATE, 2.0)
EVERY = [parse_step(name) for name in STEPS]


def sine(seconds: float, rate: int, amplitude: float, frequency: float = 997.0) -> Samples:
    time = np.arange(round(seconds * rate)) / rate
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def decibels(samples: Any) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


@pytest.mark.parametrize("step", EVERY, ids=str)
@pytest.mark.parametrize("rate", [1000, 8000, 16_000, 44_100])
@pytest.mark.parametrize("count", [1, 2, 100, 1000, 30_000])
@pytest.mark.parametrize("level", [0.0, 1e-5, 0.1])
def test_any_clip_goes_through(step: Step, rate: int, count: int, level: float) -> None:
    samples = (level * np.random.default_rng(0).normal(size=count)).astype(np.float32)
    before = samples.copy()
    result = step(samples, rate)
    assert 1 <= len(result) <= count
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(samples, before)
    if not level:
        assert not result.any()


@pytest.mark.parametrize("step", EVERY, ids=str)
def test_text_there_and_back(step: Step) -> None:
    assert parse_step(str(step)) == step
    assert parse_step(step.name) == step


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("polish", "polish: is not a cleaning step; use denoise, trim, loudness"),
        ("trim:", "trim:: has no number behind the colon but ''; write trim:40"),
        ("trim:loud", "has no number behind the colon but 'loud'"),
        ("trim:0.5", "trim:0.5: is no number of decibels under the peak; give 1 to 120"),
        ("loudness:3", "loudness:3: is no loudness in LUFS; give -60 to 0"),
        ("denoise:2", "denoise:2: is no share of the noise to take away; give 0.05 to 1"),
        ("denoise:nan", "is no share"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(SerError) as caught:
        parse_step(text)
    assert said in str(caught.value)


def test_noise_reduction_takes_noise_and_leaves_speech() -> None:
    noise = np.random.default_rng(0).normal(size=3 * RATE).astype(np.float32) * np.float32(0.003)
    noisy = noise.copy()
    noisy[RATE : 2 * RATE] += CLIP[:RATE]
    result = parse_step("denoise")(noisy, RATE)
    # A share of 0.9 of the amplitude is 20 dB, less what comes through now and then.
    assert decibels(result[: RATE // 2]) < decibels(noise) - 8
    voice, kept = CLIP[:RATE], result[RATE : 2 * RATE]
    assert decibels(kept - voice) < decibels(voice) - 12
    # More is more.
    assert decibels(parse_step("denoise:0.5")(noisy, RATE)[: RATE // 2]) > decibels(
        result[: RATE // 2]
    )


def test_trimming() -> None:
    padded = np.concatenate([np.zeros(RATE, np.float32), CLIP, np.zeros(RATE, np.float32)])
    result = parse_step("trim:30")(padded, RATE)
    assert len(CLIP) * 0.7 < len(result) < len(CLIP) + 4096
    silence = np.zeros(RATE, np.float32)
    np.testing.assert_array_equal(parse_step("trim")(silence, RATE), silence)


def test_the_filters_are_the_standards() -> None:
    """BS.1770's tables 1 and 2, which are for 48 kHz."""
    shelf, high_pass = loudness._filters(48_000)
    assert shelf[0] == pytest.approx([1.53512485958697, -2.69169618940638, 1.19839281085285])
    assert shelf[1] == pytest.approx([1.0, -1.69065929318241, 0.73248077421585])
    assert high_pass[0] == [1.0, -2.0, 1.0]
    assert high_pass[1] == pytest.approx([1.0, -1.99004745483398, 0.99007225036621])


@pytest.mark.parametrize("rate", [8000, 16_000, 48_000])
def test_filtering_by_response_is_the_recursion(rate: int) -> None:
    from scipy.signal import lfilter

    samples = np.random.default_rng(0).normal(size=rate).astype(np.float32)
    expected = samples.astype(np.float64)
    for numerator, denominator in loudness._filters(rate):
        expected = lfilter(numerator, denominator, expected)
    assert np.abs(k_weighted(samples, rate) - expected).max() < 1e-5


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("level", [0.0, -23.0, -40.0])
def test_loudness_of_a_sine(rate: int, level: float) -> None:
    """The standard's own check: 997 Hz in one channel reads 3.01 under its peak."""
    found = integrated_loudness(sine(5.0, rate, 10 ** (level / 20)), rate)
    assert found == pytest.approx(level - 3.01, abs=0.05)


def test_gates() -> None:
    """EBU Tech 3341, cases 3 and 4: what is quieter by more than 10 LU does not count."""
    rate = 48_000
    parts = [(10, -36.0), (60, -23.0), (10, -36.0)]
    one = [sine(s, rate, 10 ** ((level + 3.01) / 20), 1000.0) for s, level in parts]
    assert integrated_loudness(np.concatenate(one), rate) == pytest.approx(-23.0, abs=0.1)
    parts = [(10, -72.0), (10, -36.0), (60, -23.0), (10, -36.0), (10, -72.0)]
    one = [sine(s, rate, 10 ** ((level + 3.01) / 20), 1000.0) for s, level in parts]
    assert integrated_loudness(np.concatenate(one), rate) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.399, 0.4, 0.5, 2.0])
@pytest.mark.parametrize("level", [0.1, 1.0, 5.0])
def test_any_length_and_level_gets_the_same_loudness(seconds: float, level: float) -> None:
    clip = CLIP[5000 : 5000 + round(seconds * RATE)] * np.float32(level)
    result = parse_step("loudness:-27")(clip, RATE)
    assert integrated_loudness(result, RATE) == pytest.approx(-27, abs=0.01)
    np.testing.assert_allclose(result / result.max(), clip / clip.max(), rtol=1e-5, atol=1e-6)


def test_silence_is_left_alone() -> None:
    quiet = sine(1.0, RATE, 1e-4)
    assert integrated_loudness(quiet, RATE) == -math.inf
    np.testing.assert_array_equal(parse_step("loudness")(quiet, RATE), quiet)
    assert integrated_loudness(np.empty(0, np.float32), RATE) == -math.inf


def test_the_extractor_cleans_in_the_order_given() -> None:
    spec = FeatureSpec(clean=("trim:20", "loudness:-20"))
    padded = np.concatenate([np.zeros(RATE, np.float32), CLIP])
    expected = parse_step("loudness:-20")(parse_step("trim:20")(padded, RATE), RATE)
    np.testing.assert_array_equal(Extractor(spec).prepare(padded), expected)
    # With the level set, features do not depend on it.
    quiet = Extractor(spec)(padded * np.float32(0.01))
    np.testing.assert_allclose(quiet, Extractor(spec)(padded), atol=0.01)
    # Cleaning comes before the duration.
    cut = Extractor(spec.with_changes(duration=0.5)).prepare(padded)
    np.testing.assert_array_equal(cut, expected[: RATE // 2])


def test_a_missing_package_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "noisereduce" else found(name, *more),
    )
    Extractor(FeatureSpec(clean=("trim", "loudness")))
    with pytest.raises(SerError) as caught:
        Extractor(FeatureSpec(clean=("denoise",)))
    assert "needs the Python package noisereduce" in str(caught.value)
    assert ".[clean]" in str(caught.value)


def test_packages_can_be_imported_before_they_are_used(run_python: RunPython) -> None:
    # Workers are told by name which function to call.
    names = [step.__qualname__ for step in package_imports(("trim", "denoise:0.5"))]
    assert names == ["Step.import_packages", "Denoise.import_packages"]
    done = run_python(
        "import sys\n"
        "from ser.preprocess.registry import package_imports\n"
        "imports = package_imports(('trim', 'denoise:0.5'))\n"
        "print('noisereduce' in sys.modules)\n"
        "for import_packages in imports: import_packages()\n"
        "print('noisereduce' in sys.modules)\n"
    )
    assert done.out == "False\nTrue\n"


def test_what_is_not_asked_for_is_not_loaded(run_python: RunPython) -> None:
    """Trimming and loudness need NumPy alone; noise reduction's package comes when it is used."""
    done = run_python(
        "import sys, numpy as np\n"
        "from ser.features.extract import Extractor\n"
        "from ser.features.spec import FeatureSpec\n"
        "samples = np.ones(16000, np.float32)\n"
        "heavy = {'scipy', 'librosa', 'noisereduce', 'joblib', 'matplotlib'}\n"
        "Extractor(FeatureSpec()).prepare(samples)\n"
        "print('ser.preprocess.registry' in sys.modules, sorted(heavy & set(sys.modules)))\n"
        "Extractor(FeatureSpec(clean=('trim', 'loudness'))).prepare(samples)\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "extractor = Extractor(FeatureSpec(clean=('denoise',)))\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "extractor.prepare(samples)\n"
        "print('noisereduce' in sys.modules)\n"
    )
    before, light, ready, used = done.out.splitlines()
    assert before.startswith("False ")
    assert light == ready == before.removeprefix("False ")
    assert "noisereduce" not in before
    assert used == "True"


@pytest.mark.corpora
def test_real_clips_keep_their_speech(corpora: Path) -> None:
    """Cleanly recorded speech comes out of the noise reduction nearly as it went in."""
    for actor in (2, 3, 4, 5):
        name = f"ravdess/Actor_{actor:02d}/03-01-05-02-01-01-{actor:02d}.flac"
        samples = reader.read(corpora / name, RATE)
        changed = parse_step("denoise")(samples, RATE)
        assert decibels(changed - samples) < decibels(samples) - 18
        trimmed = parse_step("trim")(samples, RATE)
        assert 0.8 * RATE < len(trimmed) < len(samples)
        assert integrated_loudness(parse_step("loudness")(trimmed, RATE), RATE) == pytest.approx(
            -23, abs=0.01
        )
