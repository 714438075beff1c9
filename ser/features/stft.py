"""The short-time Fourier transform of a clip, computed once for all feature families."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Samples
from ser.errors import SerError
from ser.features import banks
from ser.features.chroma_tuning import estimate_tuning
from ser.features.prosody.pitch import PitchContour, track_pitch
from ser.features.spec import FeatureSpec

PITCH_WINDOW_SECONDS = 0.064
"""The least length in seconds of windows for the pitch: four periods of a low voice."""

# librosa's power_to_db: floor of the power and the range kept under a clip's maximum.
AMIN = 1e-10
TOP_DB = 80.0

Transform = Callable[[Matrix], npt.NDArray[Any]]
"""A real Fourier transform of each row: float32 (rows, samples) to complex64 (rows, bins)."""

# Frames transformed at a time, so that they fit into a processor's cache.
_CHUNK = 32


class ShortTimeSpectra:
    """The spectra of one clip, each computed when it is first used.

    Frames are centred as in librosa: frame *t* is centred on sample ``t * hop_length``, and the
    clip is padded with zeros at both ends.

    Args:
        samples: Shape (samples,), at the specification's sample rate.
        spec: Transform size, window, hop and mel bands are used.
        mel_filters: The specification's mel filters, if the caller has them.
        transform: The Fourier transform; `scipy.fft.rfft` is faster, but takes long to import.
        encode: Computes the embedding of samples, (samples,) to (frames, width), for specifications
            with an encoder.
    """

    def __init__(
        self,
        samples: npt.NDArray[np.float32],
        spec: FeatureSpec,
        mel_filters: banks.Banded | None = None,
        transform: Transform = np.fft.rfft,
        encode: Callable[[Samples], Matrix] | None = None,
    ) -> None:
        self._encode = encode
        self.samples = samples
        self.spec = spec
        self._mel_filters = mel_filters
        self._transform = transform

    def _frames(self) -> Matrix:
        """Overlapping frames of the padded clip, shape (frames, n_fft)."""
        size, hop, half = self.spec.n_fft, self.spec.hop_length, self.spec.n_fft // 2
        padded = np.zeros(len(self.samples) + 2 * half, np.float32)
        padded[half : half + len(self.samples)] = self.samples
        count = 1 + (len(padded) - size) // hop
        # As `sliding_window_view`, which takes a tenth of a millisecond longer.
        return np.ndarray((count, size), np.float32, padded, strides=(4 * hop, 4))

    def _exact_power(self, frames: npt.NDArray[np.intp]) -> Matrix:
        """Power of some frames, computed in double precision as librosa does, bit by bit."""
        window = banks.hann64(self.spec.win_length, self.spec.n_fft)
        spectra = np.fft.rfft(self._frames()[frames] * window).astype(np.complex64)
        power: Matrix = np.abs(spectra) ** 2
        return power

    @cached_property
    def power(self) -> Matrix:
        """Power spectrogram, shape (frames, n_fft // 2 + 1)."""
        return power_spectra(self._frames(), self.spec, self._transform)

    @cached_property
    def embedding(self) -> Matrix:
        """The embedding by a pretrained encoder, a frame per 20 ms, shape (frames, width)."""
        if self._encode is None:
            raise SerError("encoder", "was not opened", "give it to the extractor")
        return self._encode(self.samples)

    @cached_property
    def magnitude(self) -> Matrix:
        """Magnitude spectrogram, shape (frames, n_fft // 2 + 1)."""
        magnitude: Matrix = np.sqrt(self.power)
        return magnitude

    @cached_property
    def mel(self) -> Matrix:
        """Mel power spectrogram, shape (frames, n_mels)."""
        return self.mel_filters(self.power)

    @cached_property
    def mel_filters(self) -> banks.Banded:
        """The specification's mel filters."""
        return self._mel_filters or banks.Banded(banks.mel_bank(self.spec))

    @cached_property
    def pitch(self) -> PitchContour:
        """The pitch contour, computed in windows that are long enough for a low voice."""
        spec, size = self.spec, math.ceil(PITCH_WINDOW_SECONDS * self.spec.sample_rate)
        if spec.win_length != spec.n_fft or spec.win_length < size:
            # Long enough that the circular autocorrelation does not wrap around to the lags used.
            length = 1 << (size - 1).bit_length()
            spec = spec.with_changes(win_length=length, n_fft=length)
        power = self.power
        if spec is not self.spec:
            power = ShortTimeSpectra(self.samples, spec, transform=self._transform).power
        return track_pitch(power, spec.sample_rate, banks.hann(spec.win_length, spec.n_fft))

    @cached_property
    def mel_db(self) -> Matrix:
        """Mel spectrogram in decibels, at most 80 dB under the clip's maximum."""
        return power_to_db(self.mel)

    @cached_property
    def chroma(self) -> Matrix:
        """Energy per pitch class, each frame's maximum 1, shape (frames, n_chroma)."""
        return self.chroma_with(self.spec.n_chroma)

    def chroma_with(self, classes: int) -> Matrix:
        """Computes the energy per pitch class, for any number of classes: (frames, classes)."""
        spec = self.spec
        tuning = estimate_tuning(
            self.power, self._exact_power, spec.sample_rate, spec.n_fft, classes
        )
        bank = banks.chroma_bank(spec.sample_rate, spec.n_fft, classes, tuning)
        raw = banks.apply(bank, self.power)
        peak = raw.max(axis=1, keepdims=True)
        peak[peak < np.finfo(np.float32).tiny] = 1
        chroma: Matrix = raw / peak
        return chroma


def power_spectra(frames: Matrix, spec: FeatureSpec, transform: Transform = np.fft.rfft) -> Matrix:
    """Computes the power spectra of frames, (frames, n_fft) to (frames, n_fft // 2 + 1)."""
    window = banks.hann(spec.win_length, spec.n_fft)
    power = np.empty((len(frames), spec.n_fft // 2 + 1), np.float32)
    buffer = np.empty((_CHUNK, spec.n_fft), np.float32)
    for start in range(0, len(frames), _CHUNK):
        chunk = frames[start : start + _CHUNK]
        spectrum = transform(np.multiply(chunk, window, out=buffer[: len(chunk)]))
        # Real and imaginary parts alternate; they are squared in place.
        parts = spectrum.view(np.float32)
        np.square(parts, out=parts)
        np.add(parts[:, ::2], parts[:, 1::2], out=power[start : start + len(chunk)])
    return power


def power_to_db(values: Matrix) -> Matrix:
    """Converts power to decibels, at most 80 dB under the maximum (`librosa.power_to_db`)."""
    levels = 10 * np.log10(np.maximum(values, np.float32(AMIN)))
    limited: Matrix = np.maximum(levels, levels.max() - np.float32(TOP_DB))
    return limited
