"""A time-varying filter: gains on mel bands, applied to the short-time spectra of a waveform."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ser.arrays import Doubles, Matrix, Vector
from ser.conversion.contours import SPEC, Contours, interpolate_rows, smooth_rows
from ser.features import banks

WINDOW = 0.032
"""Seconds of the analysis window: long enough to resolve the harmonics of a low voice, short enough
to follow sounds."""
# Windows that overlap at a sample.
_OVERLAP = 4
# Spectra computed at a time.
_BATCH_SIZE = 256

# Unvoiced frames so many decibels below the median level of voiced ones are pauses; the noise floor
# is this percentile of their bands.
_PAUSE_DB, _PAUSE_PERCENTILE = 25.0, 70.0
# With fewer pause frames than this, it is a low percentile of all unvoiced frames, raised a little.
_MIN_FRAMES, _UNVOICED_PERCENTILE, _UNVOICED_OFFSET_DB = 8, 10.0, 3.0
# Frames below this level are digital silence.
_SILENCE_DB = -95.0
# Decibels over the noise floor where gains begin to apply, and where they apply in full.
_GATE_START_DB, _GATE_END_DB = 4.0, 12.0


def estimate_noise_floor(contours: Contours) -> Vector:
    """Estimates the background noise from pauses.

    Returns:
        Decibels on the mel bands, shape (80,); minus infinity where there are too few frames.
    """
    bands, voiced = contours.bands, contours.voiced
    # Digital silence, which some recordings have around them, is no background noise.
    unvoiced = ~voiced & (bands.max(axis=1) > _SILENCE_DB)
    if voiced.any():
        levels = bands.mean(axis=1)
        pauses = unvoiced & (levels < np.median(levels[voiced]) - _PAUSE_DB)
        if pauses.sum() >= _MIN_FRAMES:
            floor: Vector = np.percentile(bands[pauses], _PAUSE_PERCENTILE, axis=0).astype(
                np.float32
            )
            return floor
    if unvoiced.sum() < _MIN_FRAMES:
        return np.full(SPEC.n_mels, -np.inf, np.float32)
    low: Vector = np.percentile(bands[unvoiced], _UNVOICED_PERCENTILE, axis=0).astype(np.float32)
    return low + np.float32(_UNVOICED_OFFSET_DB)


def gate_gains(gain: Matrix, bands: Matrix, floor: Vector) -> Matrix:
    """Sets gains to 0 where there is only background noise.

    Otherwise loud emotions would raise the noise of the recording, and soft ones would modulate it.

    Args:
        gain: Decibels, shape (frames, 80).
        bands: The spectral envelope of the source in decibels, shape (frames, 80).
        floor: Noise floor in decibels, shape (80,).

    Returns:
        Decibels, shape (frames, 80).
    """
    weight = np.clip((bands - floor - _GATE_START_DB) / (_GATE_END_DB - _GATE_START_DB), 0, 1)
    weight = weight * weight * (3 - 2 * weight)
    gated: Matrix = gain * smooth_rows(weight.astype(np.float32))
    return gated


def apply_gains(samples: Vector, rate: int, gain: Matrix, places: Doubles) -> Vector:
    """Applies gains to the short-time spectra of a waveform; phases stay.

    Only the difference is synthesized and added, so that samples without gain around them stay
    bit-identical.

    Args:
        samples: One channel, shape (samples,).
        rate: Their rate in hertz.
        gain: Decibels on the mel bands, shape (frames, 80).
        places: The center of each frame, in samples, rising, shape (frames,).

    Returns:
        Shape (samples,).
    """
    if not gain.any():
        return samples.copy()
    hop = max(1, round(WINDOW * rate / _OVERLAP))
    size = _OVERLAP * hop
    fft_size = 1 << (2 * size - 1).bit_length()
    window = banks.hann(size, size)
    # Squared Hann windows with this overlap add up to a constant.
    synthesis_window = window / np.float32(np.square(window, dtype=np.float64).sum() / hop)
    to_bins = _to_bins(rate, fft_size)
    count = -(-len(samples) // hop) + _OVERLAP - 1
    padded = np.zeros((count + _OVERLAP) * hop, np.float32)
    padded[size - hop : size - hop + len(samples)] = samples
    added = np.zeros(len(padded) + fft_size, np.float32)
    centers = (np.arange(count) + 1 - _OVERLAP / 2) * hop
    rows = np.interp(centers, places, np.arange(len(gain)))
    frames = np.ndarray((count, size), np.float32, padded, strides=(4 * hop, 4))
    for start in range(0, count, _BATCH_SIZE):
        batch = slice(start, min(start + _BATCH_SIZE, count))
        decibels = interpolate_rows(gain, rows[batch])
        if not decibels.any():
            continue
        factors = np.exp((np.log(10) / 20) * (decibels @ to_bins)) - 1
        pieces = np.fft.irfft(np.fft.rfft(frames[batch] * window, fft_size) * factors, fft_size)
        # The second window removes the ringing of the filter.
        for part in range(_OVERLAP):
            piece = pieces[:, part * hop : (part + 1) * hop] * synthesis_window[part * hop :][:hop]
            place = (start + part) * hop
            added[place : place + piece.size] += piece.ravel()
    result: Vector = samples + added[size - hop : size - hop + len(samples)]
    return result


@lru_cache(maxsize=8)
def _to_bins(rate: int, size: int) -> Matrix:
    """Gives a matrix from mel bands to bins, in straight lines interpolate_rows the bands' centers.

    Beyond the last band, as at rates over 16 kHz, its gain goes on.

    Returns:
        Shape (80, bins).
    """
    bands = np.arange(SPEC.n_mels)
    place = np.interp(np.fft.rfftfreq(size, 1 / rate), banks.mel_centres(SPEC), bands)
    weights = np.maximum(0, 1 - np.abs(place - bands[:, None]))
    result: Matrix = weights.astype(np.float32)
    return result
