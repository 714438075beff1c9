"""Inversion of mel spectrograms: with the phase of the source, or by the method of Griffin and Lim.

The inversion of 80 bands is lossy: `ser-translate` filters the source instead. This is for
comparison with the baseline that inverts spectrograms (`ser.conversion.pix2pix`).
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC
from ser.features import banks

# Iterations that fit a power spectrogram to mel bands; more change little.
_ITERATIONS = 20

# Largest gain as a ratio of powers: 60 dB.
_MAX_GAIN = 1e6

_MIN_POWER = np.float32(1e-12)

_FRAMING = {
    "n_fft": SPEC.n_fft,
    "hop_length": SPEC.hop_length,
    "win_length": SPEC.win_length,
}


def invert_mel(logmel: Matrix, samples: Vector | None = None, *, rounds: int = 32) -> Vector:
    """Synthesizes a waveform with a given mel spectrogram.

    Args:
        logmel: Natural logarithm of the mel power, shape (frames, 80).
        samples: The source, mono, 16 kHz, shape (samples,). Where it has as many frames,
            its phase and fine structure are used; otherwise the method of Griffin and Lim (see
            `griffin_lim`).
        rounds: Iterations of Griffin and Lim.

    Returns:
        Mono, 16 kHz: as many samples as the source where its phase is used, otherwise one hop for
        each frame but the first.
    """
    if samples is not None and 1 + len(samples) // SPEC.hop_length == len(logmel):
        return invert_with_source_phase(logmel, samples)
    return griffin_lim(logmel, rounds)


def invert_with_source_phase(logmel: Matrix, samples: Vector) -> Vector:
    """Changes the mel bands of a recording; phase and fine structure stay.

    Args:
        logmel: Natural logarithm of the target mel power, shape (frames, 80).
        samples: Mono, 16 kHz, with as many frames.

    Returns:
        Shape (samples,).
    """
    import librosa

    # librosa warns of signals shorter than its window.
    padded = np.pad(samples, (0, max(0, SPEC.n_fft - len(samples))))
    spectra = librosa.stft(padded, **_FRAMING).T
    power = (np.abs(spectra[: len(logmel)]) ** 2).astype(np.float32)
    spectra *= np.sqrt(_pad_frames(_gains(power, np.exp(logmel)), len(spectra)))
    result = librosa.istft(spectra.T, length=len(padded), **_FRAMING)
    return _float32(result[: len(samples)])


def griffin_lim(logmel: Matrix, rounds: int = 32) -> Vector:
    """Synthesizes a waveform from a mel spectrogram alone.

    Phases are estimated by alternating between spectrum and samples (Griffin and Lim, IEEE Trans.
    ASSP 32, 1984), accelerated (Perraudin, Balazs and Sondergaard, WASPAA 2013).

    Args:
        logmel: Natural logarithm of the mel power, shape (frames, 80).
        rounds: Iterations.

    Returns:
        Shape ((frames - 1) * hop,).
    """
    import librosa

    length = (len(logmel) - 1) * SPEC.hop_length
    mel = _pad_frames(np.exp(logmel), 2 + SPEC.n_fft // SPEC.hop_length)
    # A flat spectrum to start with: bins are as smooth as the bands.
    flat = np.ones((len(mel), SPEC.n_fft // 2 + 1), np.float32)
    magnitude = np.sqrt(_gains(flat, mel)).T
    # librosa 1.0 has another name for the seed.
    known = inspect.signature(librosa.griffinlim).parameters
    seed = {"rng" if "rng" in known else "random_state": 0}
    samples = librosa.griffinlim(magnitude, n_iter=rounds, **seed, **_FRAMING)
    return _float32(samples[:length])


def _pad_frames(matrix: Matrix, frames: int) -> Matrix:
    """Pads to a number of frames by repeating the last one."""
    return np.pad(matrix, ((0, max(0, frames - len(matrix))), (0, 0)), mode="edge")


def _gains(power: Matrix, mel: Matrix) -> Matrix:
    """Computes gains of the bins' power such that the mel bands reach their targets.

    Multiplicative updates: each bin is multiplied by the mean ratio of target to power of its bands
    (Richardson, JOSA 62, 1972; Lee and Seung, Nature 401, 1999), starting from no change. On speech
    this comes nearer than the least squares of `librosa.feature.inverse.mel_to_stft`, whose zeros
    between harmonics sound hollow.

    Args:
        power: Shape (frames, bins).
        mel: The target power of each band, shape (frames, bands).

    Returns:
        Shape (frames, bins).
    """
    bank = banks.mel_bank(SPEC)
    share = bank.sum(axis=0)
    covered = share > 0
    gain = np.ones_like(power)
    target = np.maximum(mel, _MIN_POWER)
    for _ in range(_ITERATIONS):
        ratio = target / np.maximum((power * gain) @ bank.T, _MIN_POWER)
        gain[:, covered] *= (ratio @ bank[:, covered]) / share[covered]
        np.minimum(gain, _MAX_GAIN, out=gain)
    # Bins below the lowest band and above the highest take the gain of the nearest bin.
    places = np.flatnonzero(covered)
    nearest = places[np.abs(np.arange(len(share))[:, None] - places).argmin(axis=1)]
    return gain[:, nearest]


def _float32(samples: Any) -> Vector:
    return np.ascontiguousarray(samples, np.float32)
