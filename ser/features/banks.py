"""Filter banks: librosa's, computed once and kept.

Importing librosa costs more than a second, which a command that reads ten seconds of audio does
not have. The mel bank of a specification is therefore stored in every model artifact, and in the
user's cache folder for extraction.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ser.features.spec import FeatureSpec
from ser.files import atomic_path

Bank = npt.NDArray[np.float32]
"""A matrix of filters, shape (bands, bins)."""


def mel_bank(spec: FeatureSpec) -> Bank:
    """Gives the mel filter bank of a specification (Slaney's scale and area norm, as librosa).

    Args:
        spec: Sample rate, transform size, number of bands and frequency range are used.

    Returns:
        Shape (n_mels, n_fft // 2 + 1).
    """
    return _mel_bank(spec.sample_rate, spec.n_fft, spec.n_mels, spec.fmin, spec.fmax)


@lru_cache(maxsize=256)
def chroma_bank(sample_rate: int, n_fft: int, n_chroma: int, tuning: float) -> Bank:
    """Gives librosa's chroma filter bank for one tuning (in fractions of a pitch class).

    Returns:
        Shape (n_chroma, n_fft // 2 + 1).
    """
    from librosa.filters import chroma

    bank: Bank = chroma(sr=sample_rate, n_fft=n_fft, n_chroma=n_chroma, tuning=tuning)
    return bank


@lru_cache(maxsize=32)
def dct_basis(n_mfcc: int, n_mels: int) -> Bank:
    """Gives the orthonormal type-II cosine basis that turns mel decibels into cepstra.

    Returns:
        Shape (n_mfcc, n_mels).
    """
    order = np.arange(n_mfcc)[:, None]
    band = np.arange(n_mels)[None, :]
    basis = np.sqrt(2 / n_mels) * np.cos(np.pi * order * (2 * band + 1) / (2 * n_mels))
    basis[0] /= np.sqrt(2)
    result: Bank = basis.astype(np.float32)
    return result


@lru_cache(maxsize=32)
def hann(win_length: int, n_fft: int) -> Bank:
    """Gives a periodic Hann window, centred in `n_fft` samples as librosa pads it.

    Returns:
        Shape (n_fft,).
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(win_length) / win_length)
    left = (n_fft - win_length) // 2
    padded = np.pad(window, (left, n_fft - win_length - left))
    return padded.astype(np.float32)


def cache_folder() -> Path:
    """Names the folder for things that can be computed again.

    ``SER_CACHE`` wins, then ``XDG_CACHE_HOME/ser``, then ``~/.cache/ser``.
    """
    own = os.environ.get("SER_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ser"


@lru_cache(maxsize=32)
def _mel_bank(sample_rate: int, n_fft: int, n_mels: int, fmin: float, fmax: float | None) -> Bank:
    key = f"mel {sample_rate} {n_fft} {n_mels} {fmin} {fmax}"
    digest = hashlib.blake2b(key.encode(), digest_size=8).hexdigest()
    # Without a home or on a read-only disk there is no cache, and nothing is lost but time.
    with contextlib.suppress(OSError, ValueError, EOFError, RuntimeError):
        cached: Bank = np.load(cache_folder() / f"mel-{digest}.npy", allow_pickle=False)
        if cached.shape == (n_mels, n_fft // 2 + 1) and cached.dtype == np.float32:
            return cached
    from librosa.filters import mel

    bank: Bank = mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax).astype(
        np.float32
    )
    with (
        contextlib.suppress(OSError, RuntimeError),
        atomic_path(cache_folder() / f"mel-{digest}.npy") as temporary,
    ):
        np.save(temporary, bank, allow_pickle=False)
    return bank
