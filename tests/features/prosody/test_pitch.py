"""The pitch contour: of sounds whose pitch is known, of noise, and of real voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.features import banks
from ser.features.prosody.pitch import (
    CANDIDATES,
    CEILING_HZ,
    FLOOR_HZ,
    PitchContour,
    _best_path,
    pitch_candidates,
    track_pitch,
)
from ser.features.spec import PRESETS, FeatureSpec
from ser.features.stft import ShortTimeSpectra

SPEC = PRESETS["emotion"].with_changes(functionals="prosody", trim=None, duration=None)
RATE = SPEC.sample_rate

SPECS = {
    "emotion": SPEC,
    "librosa": PRESETS["librosa"].with_changes(functionals="prosody"),
    "shortest": SPEC.with_changes(n_fft=716, win_length=640, hop_length=160),
    "one length": SPEC.with_changes(n_fft=890, win_length=890),
    "padded": SPEC.with_changes(n_fft=2048, win_length=640),
    "lowest rate": SPEC.with_changes(sample_rate=10_000, n_fft=512, win_length=400, hop_length=100),
}


def contour(samples: Any, spec: FeatureSpec = SPEC) -> PitchContour:
    view = ShortTimeSpectra(np.ascontiguousarray(samples, np.float32), spec)
    return track_pitch(view.power, spec.sample_rate, banks.hann(spec.win_length, spec.n_fft))


def harmonic(hertz: Any, rate: int, harmonics: int = 1, level: float = 0.1) -> Any:
    """A tone whose frequency is `hertz` at each sample, its harmonics ever softer."""
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    highest = min(harmonics, int(0.45 * rate / np.max(hertz)))
    return level * sum(np.cos(k * phase) / k for k in range(1, highest + 1))


def inside(found: PitchContour) -> slice:
    """Without the frames that reach over the ends of the clip."""
    return slice(6, len(found.voiced) - 6)


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_steady_tones(spec: FeatureSpec) -> None:
    for hertz in np.geomspace(1.05 * FLOOR_HZ, 0.97 * CEILING_HZ, 24):
        for harmonics in (1, 2, 12):
            samples = harmonic(np.full(spec.sample_rate // 2, hertz), spec.sample_rate, harmonics)
            found = contour(samples, spec)
            part = inside(found)
            assert found.voiced[part].all(), (hertz, harmonics)
            error = np.abs(found.semitones[part] - 12 * np.log2(hertz))
            assert error.max() < 0.3, (hertz, harmonics, error.max())
            assert (found.strength[part] > 0.7).all()


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
@pytest.mark.parametrize(("first", "last"), [(90, 280), (400, 120)])
def test_glides_with_vibrato(spec: FeatureSpec, first: float, last: float) -> None:
    rate = spec.sample_rate
    time = np.arange(2 * rate) / rate
    hertz = first * (last / first) ** (time / 2) * 2 ** (0.5 / 12 * np.sin(2 * np.pi * 5 * time))
    found = contour(harmonic(hertz, rate, 10), spec)
    part = inside(found)
    truth = 12 * np.log2(hertz[np.arange(len(found.voiced))[part] * spec.hop_length])
    assert found.voiced[part].all()
    assert np.abs(found.semitones[part] - truth).max() < 0.3


def test_a_missing_fundamental_is_heard() -> None:
    time = np.arange(RATE) / RATE
    samples = sum(np.cos(2 * np.pi * 130 * k * time) for k in range(3, 9))
    found = contour(0.05 * samples)
    part = inside(found)
    assert np.abs(found.semitones[part] - 12 * np.log2(130)).max() < 0.3


def test_tones_in_noise() -> None:
    rng = np.random.default_rng(0)
    clean = harmonic(np.full(2 * RATE, 180.0), RATE, 8)
    noise = rng.normal(0, 1, len(clean))
    noise *= np.sqrt(np.square(clean).mean() / np.square(noise).mean()) / np.sqrt(10)
    found, without = contour(clean + noise), contour(clean)
    part = inside(found)
    assert found.voiced[part].mean() > 0.97
    assert np.abs(found.semitones[found.voiced] - 12 * np.log2(180)).max() < 0.3
    assert found.strength[part].mean() < without.strength[part].mean() - 0.02


@pytest.mark.parametrize("kind", ["silence", "white", "dull", "hum under noise"])
def test_what_has_no_pitch(kind: str) -> None:
    rng = np.random.default_rng(1)
    white = rng.normal(0, 0.1, 2 * RATE)
    samples = {
        "silence": np.zeros(2 * RATE),
        "white": white,
        "dull": np.convolve(white, np.full(8, 1 / 8)),
        "hum under noise": white + harmonic(np.full(2 * RATE, 100.0), RATE, level=0.01),
    }[kind]
    found = contour(samples)
    assert found.voiced.mean() < 0.1
    assert (found.semitones[~found.voiced] == 0).all()
    assert ((found.strength > 0) & (found.strength < 1)).all()


def test_pauses_between_tones_have_none() -> None:
    tone, pause = harmonic(np.full(RATE // 2, 150.0), RATE, 6), np.zeros(RATE // 2)
    rng = np.random.default_rng(2)
    samples = np.concatenate([tone, pause, tone, pause]) + rng.normal(0, 1e-4, 2 * RATE)
    found = contour(samples)
    middle = np.arange(len(found.voiced)) * SPEC.hop_length / RATE
    spoken = (middle % 1 > 0.05) & (middle % 1 < 0.45)
    silent = (middle % 1 > 0.55) & (middle % 1 < 0.95)
    assert found.voiced[spoken].all()
    assert not found.voiced[silent].any()


def test_the_level_does_not_matter() -> None:
    samples = render("happy", 2, seed=0, seconds=1.5)
    plain = contour(samples)
    assert 0.2 < plain.voiced.mean() < 0.95
    for gain in (1 / 128, 0.01, 30.0):
        other = contour(samples * gain)
        assert (other.voiced == plain.voiced).all()
        assert other.semitones == pytest.approx(plain.semitones, abs=1e-3)


def test_the_path_is_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    for frames in (1, 2, 3, 4, 5, 8, 9, 17, 100):
        local = rng.uniform(0, 1, (frames, 6)).astype(np.float32)
        octaves = rng.uniform(6, 9, (frames, 5)).astype(np.float32)
        path = _best_path(local, octaves)
        assert path.shape == (frames,)
        assert value(path, local, octaves) == pytest.approx(best(local, octaves), abs=1e-4)


def cost(before: int, after: int, here: Any, there: Any) -> float:
    """What `_best_path` takes for a step, written plainly; the last state is unvoiced."""
    if before == after == 5:
        return 0.0
    if 5 in (before, after):
        return 0.14
    return 0.35 * abs(float(here[before]) - float(there[after]))


def value(path: Any, local: Any, octaves: Any) -> float:
    total = sum(float(local[i, state]) for i, state in enumerate(path))
    steps = range(1, len(path))
    return total - sum(cost(path[i - 1], path[i], octaves[i - 1], octaves[i]) for i in steps)


def best(local: Any, octaves: Any) -> float:
    totals = [float(x) for x in local[0]]
    for i in range(1, len(local)):
        totals = [
            float(local[i, to])
            + max(totals[s] - cost(s, to, octaves[i - 1], octaves[i]) for s in range(6))
            for to in range(6)
        ]
    return max(totals)


@pytest.mark.corpora
def test_real_voices_as_pyin_hears_them(corpora: Path) -> None:
    import librosa

    differences, here, there = [], 0, 0
    for actor in (1, 4, 7, 12, 15, 22):
        emotion = 1 + actor % 8
        path = corpora / f"ravdess/Actor_{actor:02d}/03-01-{emotion:02d}-01-01-01-{actor:02d}.flac"
        samples = reader.read(path, RATE)
        found = contour(samples)
        hertz, voiced, _ = librosa.pyin(
            samples, fmin=60, fmax=600, sr=RATE, frame_length=1024, hop_length=SPEC.hop_length
        )
        both = found.voiced & voiced
        here, there = here + found.voiced.sum(), there + voiced.sum()
        differences.append(np.abs(found.semitones[both] - 12 * np.log2(hertz[both])))
    pooled = np.concatenate(differences)
    assert len(pooled) > 0.85 * here
    assert here > 0.5 * there
    # pYIN's own steps are a tenth of a semitone.
    assert np.median(pooled) < 0.15
    assert (pooled < 0.5).mean() > 0.8
    # Few octave errors, and none that would make the mean meaningless.
    assert (pooled > 6).mean() < 0.05


@pytest.mark.parametrize("spec", SPECS.values(), ids=list(SPECS))
def test_the_quick_way_is_the_same_but_for_rounding(spec: FeatureSpec) -> None:
    voice = render("angry", 3, seed=1, seconds=1.0, sample_rate=spec.sample_rate)
    view = ShortTimeSpectra(np.ascontiguousarray(voice, np.float32), spec)
    window = banks.hann(spec.win_length, spec.n_fft)
    exact, quick = (
        pitch_candidates(view.power, spec.sample_rate, window, quick=quick)
        for quick in (False, True)
    )
    real = exact.score > 0
    assert real.any(axis=1).mean() > 0.5
    for name in ("score", "octaves", "top"):
        # What is hardly a peak may be one or none.
        near = np.isclose(getattr(quick, name)[real], getattr(exact, name)[real], atol=1e-3)
        assert near.mean() > 0.99, name
    assert quick.highest == pytest.approx(exact.highest, abs=1e-4)
    assert quick.energy == pytest.approx(exact.energy, rel=1e-4)


def test_candidates_are_the_greatest_peaks() -> None:
    spec = SPEC
    noise = np.random.default_rng(3).standard_normal(8000).astype(np.float32)
    power = ShortTimeSpectra(noise, spec).power
    found = pitch_candidates(power, spec.sample_rate, banks.hann(spec.win_length, spec.n_fft))
    assert found.score.shape == found.octaves.shape == found.top.shape == (len(power), CANDIDATES)
    # From the best to the least, but for what the parabolas add.
    assert (np.diff(found.score, axis=1) < 0.2).all()
    hertz = 2.0 ** found.octaves[found.score > 0]
    assert hertz.min() > 0.9 * FLOOR_HZ
    assert hertz.max() < 1.1 * CEILING_HZ
