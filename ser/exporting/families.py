"""The feature families as TensorFlow functions; `ser.features.families` has their meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.exporting.preprocess import Clip
from ser.exporting.spectrum import frame_count, power_spectra
from ser.exporting.whisper import log_mel
from ser.features import banks
from ser.features.layout import columns
from ser.features.normalize import LEAST_DEVIATION
from ser.features.spec import FeatureSpec
from ser.features.stft import AMIN, TOP_DB

_TINY = float(np.finfo(np.float32).tiny)
# Stands for what is not of the clip, below all that is.
_LEAST = np.float32(-1e30)


class Spectra:
    """The spectra of one clip, each computed when it is first used.

    Args:
        tf: The module.
        clip: The clip.
        spec: What is computed.
        mel_bank: The mel filter bank, shape (n_mels, n_fft // 2 + 1).

    Attributes:
        valid: 1 for frames of the clip, 0 for those behind it, shape (frames,).
    """

    def __init__(self, tf: Any, clip: Clip, spec: FeatureSpec, mel_bank: Matrix | None) -> None:
        self.tf, self.clip, self.spec = tf, clip, spec
        self._bank = mel_bank
        self.count = frame_count(tf, clip, spec)

    @cached_property
    def valid(self) -> Any:
        """1 for frames of the clip, 0 for those behind it, shape (frames,)."""
        places = np.arange(int(self.power.shape[0]), dtype=np.int32)
        return self.tf.cast(places < self.count, self.tf.float32)

    @cached_property
    def power(self) -> Any:
        """Power spectrogram, shape (frames, n_fft // 2 + 1)."""
        return power_spectra(self.tf, self.clip, self.spec)

    @cached_property
    def magnitude(self) -> Any:
        """Magnitude spectrogram, shape (frames, n_fft // 2 + 1)."""
        return self.tf.sqrt(self.power)

    @cached_property
    def mel(self) -> Any:
        """Mel power spectrogram, shape (frames, n_mels)."""
        bank = banks.mel_bank(self.spec) if self._bank is None else self._bank
        return self.tf.matmul(self.power, np.ascontiguousarray(bank.T))

    @cached_property
    def mel_db(self) -> Any:
        """Mel spectrogram in decibels, at most 80 dB under the clip's maximum."""
        tf = self.tf
        levels = tf.math.log(tf.maximum(self.mel, AMIN)) * float(10 / np.log(10))
        inside = tf.where(self.valid[:, None] > 0, levels, _LEAST)
        return tf.maximum(levels, tf.reduce_max(inside) - TOP_DB)


def mel(view: Spectra) -> Any:
    """Mel spectrogram, decibels or power by ``mel_scale``."""
    return view.mel if view.spec.mel_scale == "power" else view.mel_db


def logmel(view: Spectra) -> Any:
    """Natural logarithm of the mel power."""
    return view.tf.math.log(view.tf.maximum(view.mel, 1e-10))


def mfcc(view: Spectra) -> Any:
    """Mel-frequency cepstral coefficients."""
    basis = banks.dct_basis(view.spec.n_mfcc, view.spec.n_mels).T
    return view.tf.matmul(view.mel_db, np.ascontiguousarray(basis))


def rms(view: Spectra) -> Any:
    """Root mean square of each frame, by Parseval."""
    tf, size = view.tf, view.spec.n_fft
    weights = np.full(size // 2 + 1, 2 / size**2, np.float64)
    weights[0] /= 2
    if size % 2 == 0:
        weights[-1] /= 2
    total = tf.matmul(view.power, weights.astype(np.float32)[:, None])
    return tf.sqrt(tf.maximum(total, 0.0))


def flatness(view: Spectra) -> Any:
    """Geometric over arithmetic mean of the power."""
    tf = view.tf
    power = tf.maximum(view.power, 1e-10)
    geometric = tf.exp(tf.reduce_mean(tf.math.log(power), axis=1, keepdims=True))
    return geometric / tf.reduce_mean(power, axis=1, keepdims=True)


def centroid(view: Spectra) -> Any:
    """Mean frequency in hertz, weighted by magnitude."""
    tf, spec = view.tf, view.spec
    frequencies = np.fft.rfftfreq(spec.n_fft, 1 / spec.sample_rate).astype(np.float32)
    total = tf.reduce_sum(view.magnitude, axis=1, keepdims=True)
    total = tf.where(total < _TINY, 1.0, total)
    return tf.matmul(view.magnitude, frequencies[:, None]) / total


def whisper(view: Spectra) -> Any:
    """The log-mel spectrogram that Whisper reads, with a frame of zeros behind it."""
    found, _ = log_mel(view.tf, view.clip, view.spec.n_mels)
    count = 1 + view.clip.size // view.spec.hop_length
    return view.tf.pad(found, [[0, max(0, count - int(found.shape[0]))], [0, 0]])[:count]


FUNCTIONS: Mapping[str, Callable[[Spectra], Any]] = MappingProxyType(
    {f.__name__: f for f in (mel, logmel, mfcc, rms, flatness, centroid, whisper)}
)
"""The families that can be exported: the function of each computes (frames, coefficients)."""


def feature_matrix(view: Spectra, frames: int) -> Any:
    """Computes the features of a clip as a network reads them.

    Args:
        view: Its spectra.
        frames: How many frames the network reads.

    Returns:
        Shape (frames, coefficients).
    """
    matrix = view.tf.concat([FUNCTIONS[name](view) for name in view.spec.families], axis=1)
    valid = view.tf.cast(np.arange(int(matrix.shape[0])) < view.count, view.tf.float32)
    return finish(view.tf, matrix, valid, view.spec, frames)


def finish(tf: Any, matrix: Any, valid: Any, spec: FeatureSpec, frames: int) -> Any:
    """Normalizes or pools features over the clip, and brings them to a number of frames.

    Args:
        tf: The module.
        matrix: Shape (any, coefficients).
        valid: 1 for frames of the clip, 0 for those behind it, shape (any,).
        spec: Says how.
        frames: The wanted number.
    """
    count = tf.maximum(tf.reduce_sum(valid), 1.0)
    mask = valid[:, None]
    if spec.normalise == "coefficient":
        matrix = _standardize(tf, matrix, mask, count)
    elif spec.normalise == "utterance":
        blocks = [
            _standardize(tf, matrix[:, part], mask, count, together=True)
            for part in columns(spec).values()
        ]
        matrix = tf.concat(blocks, axis=1)
    matrix = matrix * mask
    if spec.pool != "none":
        return _pool(tf, matrix, mask, count, statistics=spec.pool == "stats")
    missing = frames - int(matrix.shape[0])
    return tf.pad(matrix, [[0, max(0, missing)], [0, 0]])[:frames]


def _standardize(tf: Any, matrix: Any, mask: Any, count: Any, *, together: bool = False) -> Any:
    """Standardizes each coefficient, or all of them together, over the frames of the clip."""

    def mean(values: Any) -> Any:
        found = tf.reduce_sum(values * mask, axis=0) / count
        return tf.reduce_mean(found) if together else found

    centered = matrix - mean(matrix)
    # Sums over many frames lose digits; what is lost is small beside what is left.
    centered = centered - mean(centered)
    return centered / tf.maximum(tf.sqrt(mean(tf.square(centered))), LEAST_DEVIATION)


def _pool(tf: Any, matrix: Any, mask: Any, count: Any, *, statistics: bool) -> Any:
    """Pools a clip into one frame: means, or means, deviations, minima and maxima."""
    mean = tf.reduce_sum(matrix, axis=0) / count
    if not statistics:
        return mean[None]
    square = tf.reduce_sum(tf.square(matrix - mean) * mask, axis=0) / count
    low = tf.reduce_min(tf.where(mask > 0, matrix, -_LEAST), axis=0)
    high = tf.reduce_max(tf.where(mask > 0, matrix, _LEAST), axis=0)
    return tf.concat([mean, tf.sqrt(square), low, high], axis=0)[None]
