"""The feature families: the function of each computes it from the spectra of a clip.

Each takes a `ShortTimeSpectra` and gives float32 of shape (frames, coefficients). Where librosa
defines a feature the numbers are librosa's, which the tests compare; only `f0` runs librosa itself.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix
from ser.features import banks, pyin
from ser.features.encoder import log_mel, repeat_to_hop
from ser.features.envelope import interpolate_unvoiced, spectral_envelope
from ser.features.registry import ALL_FAMILIES, WHISPER_HOP
from ser.features.stft import ShortTimeSpectra, power_to_db

# The pitch range of speech, from a low male voice to a shout or a child's.
F0_MIN_HZ = 65.0
F0_MAX_HZ = 800.0


def mel(view: ShortTimeSpectra) -> Matrix:
    """Mel spectrogram, decibels or power by ``mel_scale`` (`librosa.feature.melspectrogram`)."""
    return view.mel if view.spec.mel_scale == "power" else view.mel_db


def logmel(view: ShortTimeSpectra) -> Matrix:
    """Natural logarithm of the mel power, floored at 1e-10."""
    logarithm: Matrix = np.log(np.maximum(view.mel, np.float32(1e-10)))
    return logarithm


def mfcc(view: ShortTimeSpectra) -> Matrix:
    """Mel-frequency cepstral coefficients (`librosa.feature.mfcc`)."""
    return view.mel_db @ banks.dct_basis(view.spec.n_mfcc, view.spec.n_mels).T


def chroma(view: ShortTimeSpectra) -> Matrix:
    """Energy per pitch class (`librosa.feature.chroma_stft`)."""
    return view.chroma


def contrast(view: ShortTimeSpectra) -> Matrix:
    """Peaks against valleys in seven octave bands (`librosa.feature.spectral_contrast`).

    Source: Jiang et al., "Music type classification by spectral contrast feature", ICME 2002.
    """
    spec = view.spec
    # The lower edge of the last octave must lie under half the rate: six octaves over 200 Hz need
    # 12.8 kHz. Lower rates get as many as fit, and the upper columns repeat the last, so that the
    # width is always seven.
    octaves = max(1, min(6, 1 + int(np.floor(np.log2(spec.sample_rate / 2 / 200.0 * 0.999)))))
    edges = [0.0, *(200.0 * 2.0**k for k in range(octaves + 1))]
    frequencies = np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate)
    peaks, valleys = [], []
    for k in range(octaves + 1):
        # Like librosa's: a band also has the bin below it, and the last one all bins above.
        start = max(int(np.searchsorted(frequencies, edges[k])) - (k > 0), 0)
        last = k == octaves
        stop = int(np.searchsorted(frequencies, edges[k + 1], "right"))
        stop = len(frequencies) if last else max(stop, start + 2)
        extreme = max(1, round(0.02 * (stop - start)))
        band = np.sort(view.magnitude[:, start : stop if last else stop - 1], axis=1)
        valleys.append(band[:, :extreme].mean(axis=1))
        peaks.append(band[:, -extreme:].mean(axis=1))
    values = power_to_db(np.stack(peaks, axis=1)) - power_to_db(np.stack(valleys, axis=1))
    padded: Matrix = np.pad(values, ((0, 0), (0, 6 - octaves)), mode="edge")
    return padded


def tonnetz(view: ShortTimeSpectra) -> Matrix:
    """Tonal centroids of the chroma (`librosa.feature.tonnetz`), six coefficients.

    librosa projects a constant-Q chroma unless it is given one; here it is given the one from the
    shared transform.

    Source: Harte, Sandler and Gasser, "Detecting harmonic change in musical audio", ACM Multimedia
    workshop 2006.
    """
    chroma = view.chroma if view.spec.n_chroma == 12 else view.chroma_with(12)
    # The circles of fifths, minor and major thirds: angle per pitch class, and radius.
    steps = np.array([7 / 6, 7 / 6, 3 / 2, 3 / 2, 2 / 3, 2 / 3])
    radii = np.array([1, 1, 1, 1, 0.5, 0.5])
    angles = np.arange(12)[:, None] * steps - np.array([0.5, 0, 0.5, 0, 0.5, 0])
    total = chroma.sum(axis=1, keepdims=True)
    total[total < np.finfo(np.float32).tiny] = 1
    centroids: Matrix = (chroma / total) @ (radii * np.cos(np.pi * angles)).astype(np.float32)
    return centroids


def zcr(view: ShortTimeSpectra) -> Matrix:
    """Share of neighbouring samples that change sign (`librosa.feature.zero_crossing_rate`)."""
    spec = view.spec
    padded = np.pad(view.samples, spec.n_fft // 2, mode="edge")
    # librosa takes amplitudes up to 1e-10 for zero, and zero for positive.
    negative = np.signbit(np.where(np.abs(padded) <= 1e-10, 0, padded))
    crossings = np.concatenate([[0], np.cumsum(negative[1:] != negative[:-1])])
    starts = np.arange(0, len(padded) - spec.n_fft + 1, spec.hop_length)
    counts = crossings[starts + spec.n_fft - 1] - crossings[starts]
    return _column(counts / spec.n_fft)


def rms(view: ShortTimeSpectra) -> Matrix:
    """Root mean square of each windowed frame, by Parseval (`librosa.feature.rms` of ``S``)."""
    power, size = view.power, view.spec.n_fft
    total = power.sum(axis=1) - 0.5 * power[:, 0]
    if size % 2 == 0:
        total -= 0.5 * power[:, -1]
    return _column(np.sqrt(np.maximum(2 * total, 0) / size**2))


def flatness(view: ShortTimeSpectra) -> Matrix:
    """Geometric over arithmetic mean of the power (`librosa.feature.spectral_flatness`)."""
    power = np.maximum(view.power, np.float32(1e-10))
    ratio = np.exp(np.log(power).mean(axis=1)) / power.mean(axis=1)
    return _column(ratio)


def centroid(view: ShortTimeSpectra) -> Matrix:
    """Mean frequency in hertz, weighted by magnitude (`librosa.feature.spectral_centroid`)."""
    spec = view.spec
    frequencies = np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate).astype(np.float32)
    total = view.magnitude.sum(axis=1)
    total[total < np.finfo(np.float32).tiny] = 1
    return _column((view.magnitude @ frequencies) / total)


def f0(view: ShortTimeSpectra) -> Matrix:
    """Fundamental frequency in hertz (0 where unvoiced) and voicing probability, by pYIN.

    Source: Mauch and Dixon, "pYIN: a fundamental frequency estimator using probabilistic threshold
    distributions", ICASSP 2014, as implemented by `librosa.pyin`. It works in the time domain on
    frames of its own length: the lowest pitch needs more than a short window holds.
    """
    spec = view.spec
    # Two periods of the lowest pitch, as a power of two.
    size = 1 << int(np.ceil(np.log2(2 * spec.sample_rate / F0_MIN_HZ)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pitch, _, voicing = pyin.pyin()(
            view.samples,
            fmin=F0_MIN_HZ,
            fmax=min(F0_MAX_HZ, spec.sample_rate / 4),
            sr=spec.sample_rate,
            frame_length=size,
            hop_length=spec.hop_length,
            fill_na=0.0,
        )
    return np.stack([pitch, voicing], axis=1).astype(np.float32)


def mcep(view: ShortTimeSpectra) -> Matrix:
    """Mel-cepstrum of the spectral envelope in decibels, by an orthonormal DCT-II.

    `ser.features.envelope.spectral_envelope` removes the harmonics from the power spectrum. The
    rest is as in `mfcc`, but for the floor, which does not depend on the clip's maximum: the level
    is in the first coefficient. The inverse transform gives decibels on the mel bands.
    """
    filters = view.mel_filters
    power = spectral_envelope(view.power, view.pitch.semitones, view.pitch.voiced, view.spec)
    bands = 10 * np.log10(np.maximum(filters(power), np.float32(1e-10)))
    return bands @ banks.dct_basis(view.spec.n_mfcc, view.spec.n_mels).T


def pitch(view: ShortTimeSpectra) -> Matrix:
    """Pitch in semitones over 1 Hz, interpolated in unvoiced frames, and whether a frame is voiced.

    It comes from `ser.features.prosody.pitch`, which is faster than the pYIN of `f0`. In a clip
    without voiced frames the pitch is 0.
    """
    contour = view.pitch
    return np.stack(
        [interpolate_unvoiced(contour.semitones, contour.voiced), contour.voiced], axis=1
    )


def whisper(view: ShortTimeSpectra) -> Matrix:
    """The log-mel spectrogram that Whisper reads, of the clip at a peak of 0.5.

    Whisper leaves the last frame out: it is zero, as padding is.
    """
    count = 1 + len(view.samples) // WHISPER_HOP
    found = log_mel(view.samples, view.spec.n_mels)[:count]
    padded: Matrix = np.pad(found, ((0, count - len(found)), (0, 0)))
    return padded


def encoder(view: ShortTimeSpectra) -> Matrix:
    """The blocks of a pretrained encoder side by side, each frame the nearest of those 20 ms."""
    return repeat_to_hop(view.embedding, len(view.samples), view.spec.hop_length)


def _column(values: npt.NDArray[Any]) -> Matrix:
    """Makes a matrix of one coefficient per frame: (frames,) to (frames, 1)."""
    column: Matrix = values.astype(np.float32)[:, None]
    return column


FUNCTIONS: Mapping[str, Callable[[ShortTimeSpectra], Matrix]] = MappingProxyType(
    {name: globals()[name] for name in ALL_FAMILIES}
)
"""The function of every family of `ser.features.registry.ALL_FAMILIES`: that of its name."""
