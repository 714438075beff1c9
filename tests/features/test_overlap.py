"""Windows of one signal, their common frames computed once, against each window by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.features import overlap
from ser.features.extract import Extractor
from ser.features.prosody.functionals import NAMES
from ser.features.spec import PRESETS, FeatureSpec
from ser.features.stft import power_spectra

RATE = 16_000
EMOTION = PRESETS["emotion"]
SPECS = {
    "emotion": EMOTION,
    "untrimmed": EMOTION.with_changes(trim=None, duration=None),
    # Frames that begin on other samples after each trim.
    "hop of 10 ms": EMOTION.with_changes(hop_length=160),
    "odd transform": FeatureSpec(families=("mel", "mfcc"), n_fft=801, win_length=801),
    "speech": PRESETS["speech"].with_changes(families=("logmel", "mfcc"), deltas=1, pool="stats"),
    "long frames": EMOTION.with_changes(n_fft=4096, win_length=4096, duration=0.2),
    # Nothing can be shared, and all is computed.
    "chroma": FeatureSpec(families=("mel", "chroma")),
    "cleaned": FeatureSpec(clean=("trim:30",)),
}


@pytest.fixture(scope="module")
def signal() -> Any:
    voices = [render("angry", 3, seed=s, seconds=1.5, intensity="strong") for s in range(4)]
    pause = np.zeros(RATE // 2, np.float32)
    parts = [part for voice in voices for part in (np.asarray(voice, np.float32), pause)]
    hiss = 1e-4 * np.random.default_rng(0).standard_normal(8 * RATE)
    return (np.concatenate(parts)[: 8 * RATE] + hiss[: sum(map(len, parts))]).astype(np.float32)


def spans(spec: FeatureSpec, length: int, seconds: float = 1.5, hop: float = 0.25) -> Any:
    step = round(hop * RATE / spec.hop_length) * spec.hop_length
    size = round(seconds * RATE)
    found = [(start, start + size) for start in range(0, length - size, step)]
    return [*found, (found[-1][0] + step, length)]


@pytest.mark.parametrize("name", list(SPECS))
def test_each_window_is_as_by_itself(name: str, signal: Any) -> None:
    spec = SPECS[name]
    extractor = Extractor(spec)
    windows = spans(spec, len(signal))
    together = extractor.compute_windows(signal, windows)
    assert len(together) == len(windows)
    for (start, stop), (matrix, functionals) in zip(windows, together, strict=True):
        expected = extractor.compute_all(extractor.prepare(signal[start:stop], part=True))
        assert matrix.shape == expected[0].shape
        assert matrix == pytest.approx(expected[0], abs=2e-3, rel=2e-4)
        assert functionals.shape == expected[1].shape
        near = np.isclose(functionals, expected[1], rtol=2e-3, atol=2e-3)
        # One of two equally good contours of the pitch may be another, and moves a few of them.
        assert near.sum() >= 0.9 * len(near), [NAMES[k] for k in np.flatnonzero(~near)]


def test_windows_that_begin_anywhere(signal: Any) -> None:
    extractor = Extractor(EMOTION)
    windows = [(7, 20_000), (4001, 30_011), (4001, 30_012), (0, 20_000), (50, 51), (90_000, 90_700)]
    for (start, stop), (matrix, _) in zip(
        windows, extractor.compute_windows(signal, windows), strict=True
    ):
        expected = extractor.compute(extractor.prepare(signal[start:stop], part=True))
        assert matrix == pytest.approx(expected, abs=2e-3)
    assert extractor.compute_windows(signal, []) == []


def test_silence_and_what_is_next_to_it(signal: Any) -> None:
    # Softer than 90 dB under the rest, where a clip's own floor decides.
    strange = signal.copy()
    strange[20_000:40_000] *= np.float32(1e-7)
    strange[60_000:80_000] = 0
    extractor = Extractor(EMOTION.with_changes(trim=None))
    windows = spans(EMOTION, len(strange))
    for (start, stop), (matrix, functionals) in zip(
        windows, extractor.compute_windows(strange, windows), strict=True
    ):
        expected = extractor.compute_all(extractor.prepare(strange[start:stop], part=True))
        assert matrix == pytest.approx(expected[0], abs=2e-3)
        assert np.isclose(functionals, expected[1], rtol=2e-3, atol=2e-3).mean() > 0.9


def test_frames_are_computed_once(signal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []

    def counting(frames: Any, *others: Any) -> Any:
        computed.append(len(frames))
        return power_spectra(frames, *others)

    monkeypatch.setattr(overlap, "power_spectra", counting)
    spec = EMOTION.with_changes(trim=None)
    windows = spans(spec, len(signal), hop=0.128)
    Extractor(spec).compute_windows(signal, windows)
    each = sum(1 + (stop - start) // spec.hop_length for start, stop in windows)
    # All frames of the signal once, and a few at the ends of each window.
    assert sum(computed) < len(signal) / spec.hop_length + 8 * len(windows)
    assert sum(computed) < each / 4


@pytest.mark.corpora
def test_real_voices(corpora: Path) -> None:
    extractor = Extractor(EMOTION)
    near = []
    for path in sorted((corpora / "ravdess").glob("Actor_*/*.flac"))[::97]:
        samples = reader.read(path, RATE)
        windows = spans(EMOTION, len(samples), hop=0.5)
        for (start, stop), (matrix, functionals) in zip(
            windows, extractor.compute_windows(samples, windows), strict=True
        ):
            expected = extractor.compute_all(extractor.prepare(samples[start:stop], part=True))
            assert matrix == pytest.approx(expected[0], abs=2e-3)
            near.append(np.isclose(functionals, expected[1], rtol=2e-3, atol=2e-3).mean())
    assert np.mean(near) > 0.99
    assert np.mean(np.array(near) > 0.9) > 0.95
