"""The filter banks are librosa's."""

from __future__ import annotations

import numpy as np
import pytest

from ser.features import banks
from ser.features.spec import FeatureSpec

librosa_filters = pytest.importorskip("librosa.filters")


@pytest.mark.parametrize(
    ("rate", "n_fft", "n_mels", "fmin", "fmax"),
    [
        (22_050, 2048, 128, 0.0, None),
        (16_000, 512, 64, 50.0, None),
        (48_000, 4096, 256, 20.0, 20_000.0),
        (8_000, 256, 20, 0.0, 4_000.0),
        (44_100, 2047, 80, 100.0, 11_000.0),
    ],
)
def test_mel_is_librosas(rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float) -> None:
    spec = FeatureSpec(
        sample_rate=rate, n_fft=n_fft, win_length=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax
    )
    expected = librosa_filters.mel(sr=rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax)
    bank = banks.mel_bank(spec)
    assert bank.dtype == np.float32
    np.testing.assert_allclose(bank, expected, rtol=1e-6, atol=1e-6 * expected.max())


@pytest.mark.parametrize("tuning", [-0.5, 0.0, 0.13, 0.49])
@pytest.mark.parametrize(("rate", "n_fft"), [(22_050, 2048), (8_000, 256), (16_000, 2047)])
@pytest.mark.parametrize("classes", [7, 12, 24])
def test_chroma_is_librosas(rate: int, n_fft: int, classes: int, tuning: float) -> None:
    expected = librosa_filters.chroma(sr=rate, n_fft=n_fft, n_chroma=classes, tuning=tuning)
    bank = banks.chroma_bank(rate, n_fft, classes, tuning)
    assert bank.dtype == np.float32
    np.testing.assert_allclose(bank, expected, rtol=1e-6, atol=1e-6)


def test_dct_is_scipys() -> None:
    from scipy.fft import dct

    values = np.random.default_rng(0).normal(size=(3, 64))
    expected = dct(values, axis=1, type=2, norm="ortho")[:, :13]
    np.testing.assert_allclose(values @ banks.dct_basis(13, 64).T, expected, atol=1e-5)


@pytest.mark.parametrize(("length", "n_fft"), [(400, 512), (512, 512), (401, 512), (2, 2)])
def test_window_is_librosas(length: int, n_fft: int) -> None:
    from librosa.util import pad_center
    from scipy.signal import get_window

    expected = pad_center(get_window("hann", length, fftbins=True), size=n_fft)
    np.testing.assert_allclose(banks.hann(length, n_fft), expected, atol=1e-7)
