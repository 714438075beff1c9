"""Louder and softer by frequency and time: a filter on the waveform's own spectra."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ser.arrays import Doubles, Matrix, Vector
from ser.conversion.contours import SPEC, Contours, between, evened
from ser.features import banks

WINDOW = 0.032
"""Seconds of the windows: long enough to tell the harmonics of a low voice apart, short enough to
follow sounds."""
# Windows that a sample is in.
_OVERLAP = 4
# Spectra computed at a time.
_TOGETHER = 256

# Decibels under a phrase's voice from which on what has no voice is a pause. Of those frames, most
# are no louder than this percentile; where there are too few, the softest of all without a voice
# are background, and most of it is a little louder.
_UNDER, _MOST = 25.0, 70.0
_FEWEST, _SOFTEST, _LOUDER = 8, 10.0, 3.0
_NOTHING = -95.0
# Decibels over the floor where gains begin, and where they are whole.
_FROM, _WHOLE = 4.0, 12.0


def noise_floor(contours: Contours) -> Vector:
    """Estimates the background from where nobody speaks.

    Returns:
        Decibels on the mel bands, shape (80,); minus infinity where there is too little to say.
    """
    bands, voiced = contours.bands, contours.voiced
    # Digital silence, as some put around recordings, is no background.
    silent = ~voiced & (bands.max(axis=1) > _NOTHING)
    if voiced.any():
        levels = bands.mean(axis=1)
        paused = silent & (levels < np.median(levels[voiced]) - _UNDER)
        if paused.sum() >= _FEWEST:
            floor: Vector = np.percentile(bands[paused], _MOST, axis=0).astype(np.float32)
            return floor
    if silent.sum() < _FEWEST:
        return np.full(SPEC.n_mels, -np.inf, np.float32)
    softest: Vector = np.percentile(bands[silent], _SOFTEST, axis=0).astype(np.float32)
    return softest + np.float32(_LOUDER)


def above_noise(gain: Matrix, bands: Matrix, floor: Vector) -> Matrix:
    """Takes gains back where there is only background, which is to stay as it is.

    Otherwise loud emotions would bring up the hiss of the recording, and soft ones would make it
    come and go.

    Args:
        gain: Decibels, shape (frames, 80).
        bands: The source's envelope in decibels, shape (frames, 80).
        floor: Of the background, shape (80,).

    Returns:
        Decibels, shape (frames, 80).
    """
    part = np.clip((bands - floor - _FROM) / (_WHOLE - _FROM), 0, 1)
    part = part * part * (3 - 2 * part)
    # It must not flutter.
    kept: Matrix = gain * evened(part.astype(np.float32))
    return kept


def filtered(samples: Vector, rate: int, gain: Matrix, places: Doubles) -> Vector:
    """Applies gains to a waveform's spectra; the phases stay.

    Only what is to be added is made in the spectrum, so that samples with no gain around them stay
    as they are to the last bit.

    Args:
        samples: One channel, shape (samples,).
        rate: Their rate in hertz.
        gain: Decibels on the mel bands, shape (frames, 80).
        places: Where each frame's middle is, in samples, rising, shape (frames,).

    Returns:
        Shape (samples,).
    """
    if not gain.any():
        return samples.copy()
    hop = max(1, round(WINDOW * rate / _OVERLAP))
    size = _OVERLAP * hop
    room = 1 << (2 * size - 1).bit_length()
    window = banks.hann(size, size)
    # Hann windows squared that overlap by so much add up to a constant.
    window_back = window / np.float32(np.square(window, dtype=np.float64).sum() / hop)
    to_bins = _to_bins(rate, room)
    count = -(-len(samples) // hop) + _OVERLAP - 1
    padded = np.zeros((count + _OVERLAP) * hop, np.float32)
    padded[size - hop : size - hop + len(samples)] = samples
    added = np.zeros(len(padded) + room, np.float32)
    middles = (np.arange(count) + 1 - _OVERLAP / 2) * hop
    rows = np.interp(middles, places, np.arange(len(gain)))
    framed = np.ndarray((count, size), np.float32, padded, strides=(4 * hop, 4))
    for start in range(0, count, _TOGETHER):
        some = slice(start, min(start + _TOGETHER, count))
        decibels = between(gain, rows[some])
        if not decibels.any():
            continue
        factors = np.exp((np.log(10) / 20) * (decibels @ to_bins)) - 1
        pieces = np.fft.irfft(np.fft.rfft(framed[some] * window, room) * factors, room)
        # The window a second time takes away what the filter rings on for.
        for part in range(_OVERLAP):
            piece = pieces[:, part * hop : (part + 1) * hop] * window_back[part * hop :][:hop]
            place = (start + part) * hop
            added[place : place + piece.size] += piece.ravel()
    result: Vector = samples + added[size - hop : size - hop + len(samples)]
    return result


@lru_cache(maxsize=8)
def _to_bins(rate: int, size: int) -> Matrix:
    """Gives a matrix from mel bands to bins, in straight lines between the bands' middles.

    Beyond the last band, as at rates over 16 kHz, its gain goes on.

    Returns:
        Shape (80, bins).
    """
    bands = np.arange(SPEC.n_mels)
    place = np.interp(np.fft.rfftfreq(size, 1 / rate), banks.mel_centres(SPEC), bands)
    weights = np.maximum(0, 1 - np.abs(place - bands[:, None]))
    result: Matrix = weights.astype(np.float32)
    return result
