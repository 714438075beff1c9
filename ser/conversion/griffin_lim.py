"""From a mel spectrogram to sound: through the phase of the source, or through one made up.

What is lost in 80 bands does not come back: `ser-translate` filters the source instead. This is how
the first recipe made sound, and what a comparison with it needs.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC
from ser.features import banks

# Rounds that bring a power spectrogram near the wanted bands; more change little.
_ROUNDS = 20

# Nothing is amplified by more than this, as a ratio of powers: 60 dB.
_MOST = 1e6

_LEAST = np.float32(1e-12)

_FRAMING = {
    "n_fft": SPEC.n_fft,
    "hop_length": SPEC.hop_length,
    "win_length": SPEC.win_length,
}


def to_waveform(logmel: Matrix, samples: Vector | None = None, *, rounds: int = 32) -> Vector:
    """Makes a recording with a mel spectrogram.

    Args:
        logmel: Natural logarithm of the mel power, shape (frames, 80).
        samples: The source, mono, 16 kHz, shape (samples,). Where it has as many frames its phase
            is taken, and its fine structure; otherwise, and without it, phases are found by the
            method of Griffin and Lim (see `griffin_lim`).
        rounds: Of Griffin and Lim.

    Returns:
        Mono, 16 kHz: as many samples as the source has where its phase is taken, otherwise one hop
        for each frame but the first.
    """
    if samples is not None and 1 + len(samples) // SPEC.hop_length == len(logmel):
        return through_source(logmel, samples)
    return griffin_lim(logmel, rounds)


def through_source(logmel: Matrix, samples: Vector) -> Vector:
    """Gives a recording other mel bands, and leaves its phase and its fine structure.

    Args:
        logmel: Natural logarithm of the mel power wanted, shape (frames, 80).
        samples: Mono, 16 kHz, with as many frames.

    Returns:
        Shape (samples,).
    """
    import librosa

    # librosa warns of what is shorter than its window.
    padded = np.pad(samples, (0, max(0, SPEC.n_fft - len(samples))))
    spectra = librosa.stft(padded, **_FRAMING).T
    power = (np.abs(spectra[: len(logmel)]) ** 2).astype(np.float32)
    spectra *= np.sqrt(_drawn_on(_gains(power, np.exp(logmel)), len(spectra)))
    made = librosa.istft(spectra.T, length=len(padded), **_FRAMING)
    return _float32(made[: len(samples)])


def griffin_lim(logmel: Matrix, rounds: int = 32) -> Vector:
    """Makes a recording out of a mel spectrogram alone.

    Phases are found by going back and forth between spectrum and samples (Griffin and Lim, IEEE
    Trans. ASSP 32, 1984), accelerated (Perraudin, Balazs and Sondergaard, WASPAA 2013).

    Args:
        logmel: Natural logarithm of the mel power, shape (frames, 80).
        rounds: How often.

    Returns:
        Shape ((frames - 1) * hop,).
    """
    import librosa

    length = (len(logmel) - 1) * SPEC.hop_length
    mel = _drawn_on(np.exp(logmel), 2 + SPEC.n_fft // SPEC.hop_length)
    # What 80 bands leave open is drawn as smoothly as they are.
    flat = np.ones((len(mel), SPEC.n_fft // 2 + 1), np.float32)
    magnitude = np.sqrt(_gains(flat, mel)).T
    # librosa 1.0 has another name for it.
    known = inspect.signature(librosa.griffinlim).parameters
    seed = {"rng" if "rng" in known else "random_state": 0}
    samples = librosa.griffinlim(magnitude, n_iter=rounds, **seed, **_FRAMING)
    return _float32(samples[:length])


def _drawn_on(matrix: Matrix, frames: int) -> Matrix:
    """Repeats the last frame until there are so many."""
    return np.pad(matrix, ((0, max(0, frames - len(matrix))), (0, 0)), mode="edge")


def _gains(power: Matrix, mel: Matrix) -> Matrix:
    """Finds what each bin's power is to be multiplied by, so that the bands become those wanted.

    Bins get the mean of what their bands lack, again and again (Richardson, JOSA 62, 1972; Lee and
    Seung, Nature 401, 1999), which starts from no change. On a spectrogram of speech it comes
    nearer than the least squares of `librosa.feature.inverse.mel_to_stft`, whose zeros in between
    sound hollow.

    Args:
        power: Shape (frames, bins).
        mel: The power wanted in each band, shape (frames, bands).

    Returns:
        Shape (frames, bins).
    """
    bank = banks.mel_bank(SPEC)
    share = bank.sum(axis=0)
    heard = share > 0
    gain = np.ones_like(power)
    wanted = np.maximum(mel, _LEAST)
    for _ in range(_ROUNDS):
        lacking = wanted / np.maximum((power * gain) @ bank.T, _LEAST)
        gain[:, heard] *= (lacking @ bank[:, heard]) / share[heard]
        np.minimum(gain, _MOST, out=gain)
    # Bins under the lowest band and over the highest go with their neighbours.
    places = np.flatnonzero(heard)
    nearest = places[np.abs(np.arange(len(share))[:, None] - places).argmin(axis=1)]
    return gain[:, nearest]


def _float32(samples: Any) -> Vector:
    return np.ascontiguousarray(samples, np.float32)
