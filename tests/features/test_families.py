"""Every family against librosa's definition of it, on synthetic speech and on real clips."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import pytest
from speech import render

from ser.audio import reader
from ser.features.extract import Extractor
from ser.features.layout import columns
from ser.features.prosody.pitch import PitchContour, track_pitch
from ser.features.registry import FAMILIES
from ser.features.spec import PRESETS, FeatureSpec

Samples = npt.NDArray[np.float32]
Values = npt.NDArray[Any]
Reference = Callable[[Samples, FeatureSpec], Values]

LIBROSA = PRESETS["librosa"]
SHORT = FeatureSpec(
    sample_rate=16_000, n_fft=512, win_length=400, hop_length=160, n_mels=40, fmin=0.0, n_mfcc=13
)


def _stft(spec: FeatureSpec) -> dict[str, int]:
    return {"n_fft": spec.n_fft, "hop_length": spec.hop_length, "win_length": spec.win_length}


def _mel(y: Samples, spec: FeatureSpec) -> Values:
    power: Values = librosa.feature.melspectrogram(
        y=y, sr=spec.sample_rate, n_mels=spec.n_mels, fmin=spec.fmin, fmax=spec.fmax, **_stft(spec)
    )
    return power


def _magnitude(y: Samples, spec: FeatureSpec) -> Values:
    magnitude: Values = np.abs(librosa.stft(y, **_stft(spec)))
    return magnitude


REFERENCES: dict[str, Reference] = {
    "mel": lambda y, spec: (
        librosa.power_to_db(_mel(y, spec)) if spec.mel_scale == "db" else _mel(y, spec)
    ),
    "logmel": lambda y, spec: np.log(np.maximum(_mel(y, spec), 1e-10)),
    "mfcc": lambda y, spec: librosa.feature.mfcc(
        S=librosa.power_to_db(_mel(y, spec)), n_mfcc=spec.n_mfcc
    ),
    "chroma": lambda y, spec: librosa.feature.chroma_stft(
        y=y, sr=spec.sample_rate, n_chroma=spec.n_chroma, **_stft(spec)
    ),
    "contrast": lambda y, spec: librosa.feature.spectral_contrast(
        S=_magnitude(y, spec), sr=spec.sample_rate
    ),
    "tonnetz": lambda y, spec: librosa.feature.tonnetz(
        chroma=librosa.feature.chroma_stft(y=y, sr=spec.sample_rate, **_stft(spec)),
        sr=spec.sample_rate,
    ),
    "zcr": lambda y, spec: librosa.feature.zero_crossing_rate(
        y, frame_length=spec.n_fft, hop_length=spec.hop_length
    ),
    "rms": lambda y, spec: librosa.feature.rms(
        S=_magnitude(y, spec), frame_length=spec.n_fft, hop_length=spec.hop_length
    ),
    "flatness": lambda y, spec: librosa.feature.spectral_flatness(y=y, **_stft(spec)),
    "centroid": lambda y, spec: librosa.feature.spectral_centroid(
        y=y, sr=spec.sample_rate, **_stft(spec)
    ),
    "f0": lambda y, spec: _pitch(y, spec),
    "mcep": lambda y, spec: _mel_cepstrum(y, spec),
    "pitch": lambda y, spec: _drawn_pitch(y, spec),
}

# Relative and absolute; the relative ones are of the largest value, for rounding in a transform is
# relative to the loudest bin.
TOLERANCES = {
    "mel": (1e-4, 0.0),
    "logmel": (0.0, 1e-2),
    "mfcc": (0.0, 1e-2),
    "chroma": (1e-4, 0.0),
    "contrast": (0.0, 1e-2),
    "tonnetz": (1e-4, 0.0),
    "zcr": (0.0, 1e-7),
    "rms": (1e-5, 0.0),
    "flatness": (1e-3, 0.0),
    "centroid": (1e-4, 0.0),
    "f0": (1e-6, 0.0),
    "mcep": (0.0, 1e-2),
    "pitch": (1e-5, 0.0),
}


def _pitch(y: Samples, spec: FeatureSpec) -> Values:
    pitch, _, voiced = librosa.pyin(
        y,
        fmin=65.0,
        fmax=800.0,
        sr=spec.sample_rate,
        frame_length={16_000: 512, 22_050: 1024}[spec.sample_rate],
        hop_length=spec.hop_length,
        fill_na=0.0,
    )
    return np.stack([pitch, voiced])


def _contour(y: Samples, spec: FeatureSpec) -> PitchContour:
    """Has a test of its own; here, from librosa's spectra, in windows of at least 64 ms."""
    size = spec.win_length if spec.win_length == spec.n_fft else 0
    if size < 0.064 * spec.sample_rate:
        size = {16_000: 1024, 22_050: 2048}[spec.sample_rate]
    spectra = librosa.stft(y, n_fft=size, hop_length=spec.hop_length)
    window = librosa.filters.get_window("hann", size).astype(np.float32)
    return track_pitch((np.abs(spectra.T) ** 2).astype(np.float32), spec.sample_rate, window)


def _drawn_pitch(y: Samples, spec: FeatureSpec) -> Values:
    found = _contour(y, spec)
    places = np.flatnonzero(found.voiced)
    drawn = np.interp(np.arange(len(found.voiced)), places, found.semitones[places])
    return np.stack([drawn, found.voiced])


def _mel_cepstrum(y: Samples, spec: FeatureSpec) -> Values:
    """By a matrix for each frame that says how much of each bin's mean is which other bin."""
    found = _contour(y, spec)
    power = _magnitude(y, spec).T.astype(np.float64) ** 2
    bins = np.arange(power.shape[1])
    envelope = np.empty_like(power)
    for frame, spectrum in enumerate(power):
        hertz = 2 ** (found.semitones[frame] / 12) if found.voiced[frame] else 200.0
        half = hertz / 2 * spec.n_fft / spec.sample_rate
        for k in bins:
            others = np.arange(int(k - half) - 1, int(k + half) + 3)
            shares = np.minimum(others + 0.5, k + half) - np.maximum(others - 0.5, k - half)
            mirrored = bins[-1] - np.abs(np.abs(others) - bins[-1])
            shares = np.maximum(shares, 0)
            envelope[frame, k] = np.average(spectrum[mirrored], weights=shares)
    bank = librosa.filters.mel(
        sr=spec.sample_rate, n_fft=spec.n_fft, n_mels=spec.n_mels, fmin=spec.fmin, fmax=spec.fmax
    )
    cepstrum: Values = librosa.feature.mfcc(
        S=librosa.power_to_db(bank @ envelope.T, top_db=None), n_mfcc=spec.n_mfcc
    )
    return cepstrum


def speech(rate: int, emotion: str = "happy") -> Samples:
    return render(emotion, 2, seed=1, sample_rate=rate, seconds=1.6, intensity="strong")


def compare(name: str, samples: Samples, spec: FeatureSpec) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = REFERENCES[name](samples, spec).T
    found = Extractor(spec.with_changes(families=(name,)))(samples)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    relative, absolute = TOLERANCES[name]
    limit = absolute + relative * np.abs(expected).max()
    error = np.abs(found - expected)
    if name == "contrast":
        # librosa transforms in double precision. A valley may be a single bin 120 dB under the
        # loudest, where single precision is noise; a few of those are allowed half a decibel.
        assert error.max() <= 0.5
        assert np.quantile(error, 0.99) <= 0.05
        assert np.quantile(error, 0.9) <= limit
    else:
        assert error.max() <= limit


def test_every_family_has_a_reference() -> None:
    assert set(REFERENCES) == set(FAMILIES) == set(TOLERANCES)


@pytest.mark.parametrize("emotion", ["calm", "angry"])
@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("spec", [LIBROSA, SHORT], ids=["librosa", "short"])
def test_family_is_librosas(name: str, spec: FeatureSpec, emotion: str) -> None:
    compare(name, speech(spec.sample_rate, emotion), spec)


def test_mel_in_decibels_is_librosas() -> None:
    compare("mel", speech(22_050), LIBROSA.with_changes(mel_scale="db"))


@pytest.mark.parametrize("classes", [6, 24])
def test_tonnetz_has_its_own_twelve_classes(classes: int) -> None:
    compare("tonnetz", speech(22_050), LIBROSA.with_changes(n_chroma=classes))


@pytest.mark.parametrize("size", [511, 600, 2047])
def test_odd_and_uneven_transforms_are_librosas(size: int) -> None:
    spec = SHORT.with_changes(n_fft=size, win_length=size - 7)
    # Of odd transforms librosa infers a wrong size where it is handed a spectrogram.
    for name in ("mel", "rms", "centroid", *(("chroma", "contrast") if size == 600 else ())):
        compare(name, speech(16_000), spec)


def test_librosa_preset_is_what_librosa_gives_without_being_told_anything() -> None:
    """The classic 180 values, by the three calls that notebooks make."""
    y = speech(22_050)
    expected = np.concatenate(
        [
            librosa.feature.melspectrogram(y=y),
            librosa.feature.mfcc(y=y, n_mfcc=40),
            librosa.feature.chroma_stft(y=y),
        ]
    ).T
    found = Extractor(LIBROSA)(y)
    assert found.shape == expected.shape == (1 + len(y) // 512, 180)
    parts = columns(LIBROSA)
    assert [(p.start, p.stop) for p in parts.values()] == [(0, 128), (128, 168), (168, 180)]
    for name, tolerance in (("mel", 1e-4), ("chroma", 1e-4)):
        part = parts[name]
        error = np.abs(found[:, part] - expected[:, part]).max()
        assert error <= tolerance * expected[:, part].max()
    assert np.abs(found[:, parts["mfcc"]] - expected[:, parts["mfcc"]]).max() <= 0.01
    pooled = Extractor(LIBROSA.with_changes(pool="mean"))(y)
    np.testing.assert_allclose(pooled[0], expected.mean(axis=0), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("rate", [1000, 2000, 4000, 8000, 48_000])
def test_contrast_fits_any_sample_rate(rate: int) -> None:
    """librosa refuses six octaves under 12.8 kHz; here as many as fit are computed."""
    samples = speech(rate)
    spec = FeatureSpec(("contrast",), rate, n_fft=512, win_length=512, hop_length=256, fmin=0.0)
    found = Extractor(spec)(samples)
    assert found.shape[1] == 7
    assert np.isfinite(found).all()
    octaves = max(n for n in range(1, 7) if n == 1 or 200 * 2.0 ** (n - 1) < rate / 2)
    if 200 * 2.0 ** (octaves - 1) < rate / 2:
        expected = librosa.feature.spectral_contrast(
            S=_magnitude(samples, spec), sr=rate, n_bands=octaves
        ).T
        np.testing.assert_allclose(found[:, : octaves + 1], expected, atol=1e-2)
        np.testing.assert_array_equal(
            found[:, octaves + 1 :].T, found[:, octaves][None, :].repeat(6 - octaves, 0)
        )


@pytest.mark.corpora
@pytest.mark.parametrize("name", FAMILIES)
def test_family_is_librosas_on_real_clips(name: str, corpora: Path) -> None:
    clips = [
        "ravdess/Actor_01/03-01-01-01-01-01-01.flac",
        "ravdess/Actor_12/03-01-05-02-02-01-12.flac",
        "ravdess/Actor_20/03-01-02-01-01-02-20.flac",
    ]
    for clip in clips:
        compare(name, reader.read(corpora / clip, 22_050, duration=2.0), LIBROSA)
