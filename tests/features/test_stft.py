"""The short-time Fourier transform against librosa's, and that each part is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.features import banks
from ser.features.spec import FeatureSpec
from ser.features.stft import ShortTimeSpectra, power_spectra, power_to_db

librosa = pytest.importorskip("librosa")

SPEC = FeatureSpec(n_mels=40, fmin=0.0)
SAMPLES = render("sad", 3, seed=2, seconds=1.0)


def stft(spec: FeatureSpec, samples: Any = SAMPLES) -> Any:
    return librosa.stft(
        samples, n_fft=spec.n_fft, hop_length=spec.hop_length, win_length=spec.win_length
    ).T


@pytest.mark.parametrize(
    "spec",
    [
        SPEC,
        SPEC.with_changes(n_fft=1024, win_length=1024, hop_length=256),
        SPEC.with_changes(n_fft=511, win_length=400, hop_length=77),
    ],
    ids=["padded window", "full window", "odd transform"],
)
def test_spectra_are_librosas(spec: FeatureSpec) -> None:
    spectra = ShortTimeSpectra(SAMPLES, spec)
    expected = np.abs(stft(spec))
    np.testing.assert_allclose(spectra.magnitude, expected, atol=1e-5 * expected.max())
    np.testing.assert_allclose(spectra.power, expected**2, atol=1e-5 * expected.max() ** 2)
    assert spectra.power.dtype == np.float32


def test_frames_are_centered() -> None:
    click = np.zeros(16_000, np.float32)
    click[50 * SPEC.hop_length] = 1
    power = ShortTimeSpectra(click, SPEC).power
    # The window is 1 in its middle, and a click has the same power at every frequency.
    np.testing.assert_allclose(power[50], 1, rtol=1e-4)
    assert power.sum(axis=1).argmax() == 50
    assert len(power) == 1 + 16_000 // SPEC.hop_length


def test_many_frames_are_as_few() -> None:
    """They are transformed some at a time."""
    frames = np.random.default_rng(0).normal(size=(100, SPEC.n_fft)).astype(np.float32)
    together = power_spectra(frames, SPEC)
    alone = np.concatenate([power_spectra(frames[k : k + 1], SPEC) for k in range(100)])
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_decibels_are_librosas() -> None:
    power = ShortTimeSpectra(SAMPLES, SPEC).mel
    expected = librosa.power_to_db(power)
    np.testing.assert_allclose(power_to_db(power), expected, atol=1e-4)
    # At most 80 dB under the maximum, and never under -100 dB.
    values = np.array([[0.0, 1e-12, 1e-9, 1e-3]], np.float32)
    np.testing.assert_allclose(power_to_db(values), [[-100, -100, -90, -30]], atol=1e-3)
    np.testing.assert_allclose(power_to_db(1000 * values), [[-80, -80, -60, 0]], atol=1e-3)


def test_given_filters_are_used_and_others_computed() -> None:
    bank = banks.mel_bank(SPEC)
    plain = ShortTimeSpectra(SAMPLES, SPEC).mel
    given = ShortTimeSpectra(SAMPLES, SPEC, banks.Banded(3 * bank)).mel
    np.testing.assert_allclose(given, 3 * plain, rtol=1e-5)


@pytest.mark.parametrize("size", [512, 1024, 2048])
def test_pitch_is_found_in_windows_of_any_length(size: int) -> None:
    """Short windows hold too little of a low voice, so that longer ones are used for its pitch."""
    spec = SPEC.with_changes(n_fft=size, win_length=size)
    time = np.arange(16_000) / 16_000
    tone = sum(np.sin(2 * np.pi * 90 * k * time) / k for k in range(1, 8)).astype(np.float32)
    contour = ShortTimeSpectra(0.1 * tone, spec).pitch
    assert len(contour.semitones) == len(ShortTimeSpectra(tone, spec).power)
    inner = slice(15, -15)
    assert contour.voiced[inner].all()
    np.testing.assert_allclose(contour.semitones[inner], 12 * np.log2(90), atol=0.1)


def test_chroma_for_any_number_of_classes() -> None:
    time = np.arange(16_000) / 16_000
    tone = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    spectra = ShortTimeSpectra(tone, SPEC.with_changes(n_fft=2048, win_length=2048))
    # The first class is C, and A the tenth of twelve.
    assert (spectra.chroma[5:-5].argmax(axis=1) == 9).all()
    assert (spectra.chroma_with(24)[5:-5].argmax(axis=1) == 18).all()
    assert spectra.chroma.max() == 1
