"""The tuning is librosa's, also where its answer hangs on the last digit."""

from __future__ import annotations

from pathlib import Path

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import scipy.fft
from speech import render

from ser.audio import reader
from ser.features.chroma_tuning import estimate_tuning
from ser.features.spec import PRESETS, FeatureSpec
from ser.features.stft import ShortTimeSpectra

LIBROSA = PRESETS["librosa"]
Samples = npt.NDArray[np.float32]


def both(samples: Samples, spec: FeatureSpec, classes: int = 12) -> tuple[float, float, int]:
    """Our estimate, librosa's, and how many frames were transformed again."""
    view = ShortTimeSpectra(samples, spec, transform=scipy.fft.rfft)
    renewed = 0

    def exact(frames: npt.NDArray[np.intp]) -> npt.NDArray[np.float32]:
        nonlocal renewed
        renewed += len(frames)
        return view._exact_power(frames)

    found = estimate_tuning(view.power, exact, spec.sample_rate, spec.n_fft, classes)
    magnitude = np.abs(
        librosa.stft(
            samples, n_fft=spec.n_fft, hop_length=spec.hop_length, win_length=spec.win_length
        )
    )
    expected = librosa.estimate_tuning(S=magnitude**2, sr=spec.sample_rate, bins_per_octave=classes)
    return found, float(expected), renewed


def test_exact_power_is_librosas_to_the_last_bit() -> None:
    for spec in (LIBROSA, FeatureSpec(win_length=400, n_fft=512)):
        samples = render("sad", 4, seed=3, sample_rate=spec.sample_rate, seconds=1.0)
        view = ShortTimeSpectra(samples, spec)
        expected = np.abs(
            librosa.stft(
                samples, n_fft=spec.n_fft, hop_length=spec.hop_length, win_length=spec.win_length
            )
        )
        frames = np.arange(len(view.power))
        np.testing.assert_array_equal(view._exact_power(frames), (expected**2).T)


@pytest.mark.parametrize("cents", [-40, -7, 0, 13, 49])
def test_tones_out_of_tune(cents: int) -> None:
    time = np.arange(22_050) / 22_050
    pitch = 440 * 2 ** (cents / 1200)
    samples = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 4)).astype(np.float32)
    found, expected, _ = both(samples, LIBROSA)
    assert found == expected
    assert found == pytest.approx(cents / 100, abs=0.1)


@pytest.mark.parametrize("classes", [12, 24, 36])
@pytest.mark.parametrize("seed", range(6))
def test_speech_in_sixteen_bits(seed: int, classes: int) -> None:
    """With the pauses that a quiet recording has: a few samples of one step, and flat spectra."""
    emotion = ("calm", "happy", "sad")[seed % 3]
    samples = render(emotion, seed, seed=seed, sample_rate=22_050, seconds=1.5)
    rounded = (np.round(samples * 2000) / 32_768).astype(np.float32)
    found, expected, _ = both(rounded, LIBROSA, classes)
    assert found == expected


def test_flat_spectra_are_decided_as_librosa_does() -> None:
    """Of a click the spectrum is flat, and its peaks are rounding."""
    samples = np.zeros(22_050, np.float32)
    samples[::5000] = 2.0**-15
    found, expected, renewed = both(samples, LIBROSA)
    assert renewed > 0
    assert found == expected


def test_silence_and_noise() -> None:
    noise = np.random.default_rng(0).normal(size=20_000).astype(np.float32)
    for samples in (np.zeros(5000, np.float32), noise, 1e-6 * noise):
        found, expected, _ = both(samples, LIBROSA)
        assert found == expected


@pytest.mark.corpora
def test_real_clips(corpora: Path) -> None:
    clips = sorted((corpora / "ravdess").rglob("*.flac"))[::48]
    assert len(clips) == 30
    again = 0
    for clip in clips:
        found, expected, renewed = both(reader.read(clip, 22_050), LIBROSA)
        assert found == expected, clip
        again += renewed > 0
    # It would be of no use if most had to be done twice.
    assert 0 < again < 20
