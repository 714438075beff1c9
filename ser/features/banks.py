"""Filter banks: matrices from Fourier bins to mel bands, pitch classes and cepstra.

The banks are those of `librosa.filters`, and the tests compare them. They are written out here,
because importing librosa costs a second in every worker process, and ten more where numba has not
compiled its functions yet.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles, Matrix
from ser.features.spec import FeatureSpec

# Filters multiplied at a time: few enough to share most of their bins, enough to be worth a call.
_GROUP = 16
# Frames multiplied at a time: OpenBLAS rearranges larger matrices first, for as long again.
_FRAMES = 64


def mel_bank(spec: FeatureSpec) -> Matrix:
    """Gives the mel filter bank of a specification (Slaney's scale and area norm, as librosa).

    Source: Slaney, "Auditory Toolbox", Interval Research technical report 1998-010.

    Args:
        spec: Sample rate, transform size, number of bands and frequency range are used.

    Returns:
        Shape (n_mels, n_fft // 2 + 1).
    """
    return _mel_bank(spec.sample_rate, spec.n_fft, spec.n_mels, spec.fmin, spec.fmax)


def mel_centres(spec: FeatureSpec) -> Doubles:
    """Gives the frequencies that the mel bands have in their middles.

    Returns:
        Hertz, shape (n_mels,).
    """
    return _mel_edges(spec.n_mels, spec.fmin, spec.fmax or spec.sample_rate / 2)[1:-1]


class Banded:
    """A bank whose filters are zero but for some neighbouring bins, multiplied without the zeros.

    Args:
        bank: Shape (bands, bins).
    """

    def __init__(self, bank: Matrix) -> None:
        self._bands = len(bank)
        self._groups = []
        for start in range(0, len(bank), _GROUP):
            group = bank[start : start + _GROUP]
            used = np.flatnonzero(group.any(axis=0))
            if len(used):
                bins = slice(int(used[0]), int(used[-1]) + 1)
                weights = np.ascontiguousarray(group[:, bins].T)
                self._groups.append((slice(start, start + len(group)), bins, weights))

    def __call__(self, spectra: Matrix) -> Matrix:
        """Applies the filters; (frames, bins) to (frames, bands)."""
        result = np.zeros((len(spectra), self._bands), np.float32)
        for start in range(0, len(spectra), _FRAMES):
            frames = slice(start, start + _FRAMES)
            for bands, bins, weights in self._groups:
                np.matmul(spectra[frames, bins], weights, out=result[frames, bands])
        return result


def apply(bank: Matrix, spectra: Matrix) -> Matrix:
    """Applies a bank without gaps: (bands, bins) and (frames, bins) to (frames, bands)."""
    result = np.empty((len(spectra), len(bank)), np.float32)
    for start in range(0, len(spectra), _FRAMES):
        frames = slice(start, start + _FRAMES)
        np.matmul(spectra[frames], bank.T, out=result[frames])
    return result


@lru_cache(maxsize=256)
def chroma_bank(sample_rate: int, n_fft: int, n_chroma: int, tuning: float) -> Matrix:
    """Gives librosa's chroma filter bank for one tuning.

    Source: Ellis, "Chroma feature analysis and synthesis", Columbia University 2007.

    Args:
        sample_rate: Hertz.
        n_fft: Length of the Fourier transform.
        n_chroma: Number of pitch classes; the first is C.
        tuning: Deviation from A = 440 Hz, in fractions of a pitch class.

    Returns:
        Shape (n_chroma, n_fft // 2 + 1), laid out for a product with its transpose.
    """
    # One bin more than is kept, because a bin's width is the distance to the next.
    hertz = np.arange(1, n_fft // 2 + 2) * (sample_rate / n_fft)
    reference = 440.0 / 16 * 2.0 ** (tuning / n_chroma)
    pitch = n_chroma * np.log2(hertz / reference)
    # The bin of 0 Hz has no pitch; it gets one far enough below the first to be broad.
    pitch = np.concatenate([[pitch[0] - 1.5 * n_chroma], pitch])
    width = np.maximum(np.diff(pitch), 1.0)
    pitch = pitch[:-1]
    half = np.round(n_chroma / 2)
    distance = pitch - np.arange(n_chroma, dtype=np.float64)[:, None]
    distance = np.remainder(distance + half + 10 * n_chroma, n_chroma) - half
    bank = np.exp(-0.5 * (2 * distance / width) ** 2)
    bank /= np.sqrt(np.square(bank).sum(axis=0))
    # Octaves far from the fifth count less.
    bank *= np.exp(-0.5 * ((pitch / n_chroma - 5.0) / 2.0) ** 2)
    result: Matrix = np.roll(bank, -3 * (n_chroma // 12), axis=0).astype(np.float32, order="F")
    return result


@lru_cache(maxsize=32)
def dct_basis(n_mfcc: int, n_mels: int) -> Matrix:
    """Gives the orthonormal type-II cosine basis that turns mel decibels into cepstra.

    Returns:
        Shape (n_mfcc, n_mels).
    """
    order = np.arange(n_mfcc)[:, None]
    band = np.arange(n_mels)[None, :]
    basis = np.sqrt(2 / n_mels) * np.cos(np.pi * order * (2 * band + 1) / (2 * n_mels))
    basis[0] /= np.sqrt(2)
    result: Matrix = basis.astype(np.float32)
    return result


def hann(win_length: int, n_fft: int) -> Matrix:
    """Gives a periodic Hann window, centred in `n_fft` samples as librosa pads it.

    Returns:
        Shape (n_fft,).
    """
    return _hann(win_length, n_fft)[1]


def hann64(win_length: int, n_fft: int) -> npt.NDArray[np.float64]:
    """Gives the same in double precision."""
    return _hann(win_length, n_fft)[0]


@lru_cache(maxsize=32)
def _hann(win_length: int, n_fft: int) -> tuple[npt.NDArray[np.float64], Matrix]:
    # In scipy's terms, to the last bit.
    window = 0.5 + 0.5 * np.cos(np.linspace(-np.pi, np.pi, win_length + 1)[:-1])
    left = (n_fft - win_length) // 2
    padded = np.pad(window, (left, n_fft - win_length - left))
    return padded, padded.astype(np.float32)


# Slaney's scale: linear up to 1000 Hz, which is 15 mel, and logarithmic above, 27 mel to 6400 Hz.
_LINEAR_HERTZ = 200.0 / 3
_BREAK_HERTZ = 1000.0
_BREAK_MEL = _BREAK_HERTZ / _LINEAR_HERTZ
_LOG_STEP = np.log(6.4) / 27.0


def _to_mel(hertz: float) -> float:
    if hertz < _BREAK_HERTZ:
        return hertz / _LINEAR_HERTZ
    return float(_BREAK_MEL + np.log(hertz / _BREAK_HERTZ) / _LOG_STEP)


def _to_hertz(mel: npt.NDArray[np.float64]) -> Doubles:
    above = _BREAK_HERTZ * np.exp(_LOG_STEP * (mel - _BREAK_MEL))
    hertz: Doubles = np.where(mel < _BREAK_MEL, _LINEAR_HERTZ * mel, above)
    return hertz


def _mel_edges(n_mels: int, fmin: float, top: float) -> Doubles:
    """Gives where bands begin, have their middles and end, in hertz, shape (n_mels + 2,)."""
    return _to_hertz(np.linspace(_to_mel(fmin), _to_mel(top), n_mels + 2))


@lru_cache(maxsize=32)
def _mel_bank(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> Matrix:
    top = sample_rate / 2 if fmax is None else fmax
    edges = _mel_edges(n_mels, fmin, top)
    bins = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bank = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    # Every band has the same area, so that wide bands are not louder.
    bank *= (2.0 / (edges[2:] - edges[:-2]))[:, None]
    return bank
