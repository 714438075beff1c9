"""The spectral envelope: the spectrum without the harmonics of the voice."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Mask, Matrix, Vector
from ser.features.spec import FeatureSpec

# Unvoiced frames have no harmonics; smoothing over this width reduces the noise of a periodogram.
_UNVOICED_HZ = 200.0


def spectral_envelope(power: Matrix, semitones: Vector, voiced: Mask, spec: FeatureSpec) -> Matrix:
    """Removes the harmonics from power spectra.

    Each bin becomes the mean over a range as wide as the fundamental frequency, which holds one
    harmonic wherever it lies. It is the second step of CheapTrick (Morise, "CheapTrick, a spectral
    envelope estimator for high-quality speech synthesis", Speech Communication 67, 2015), with the
    whole fundamental for its width instead of two thirds, because there are no later steps.

    Args:
        power: Shape (frames, n_fft // 2 + 1).
        semitones: Pitch over 1 Hz, shape (frames,).
        voiced: Which frames have a pitch, shape (frames,).
        spec: Sample rate and transform size are used.

    Returns:
        Shape (frames, n_fft // 2 + 1).
    """
    bins = power.shape[1]
    hertz = np.where(voiced, 2.0 ** (np.asarray(semitones, np.float64) / 12), _UNVOICED_HZ)
    half = (hertz / 2 * spec.n_fft / spec.sample_rate)[:, None]
    # The spectrum is mirrored at both ends. With cumulative sums each mean is one difference; a bin
    # covers half a step to either side.
    reach = int(np.ceil(half.max(initial=0))) + 1
    reach = min(reach, bins - 1)
    half = np.minimum(half, reach - 0.5)
    wide = np.pad(power, ((0, 0), (reach, reach)), mode="reflect").astype(np.float64)
    sums = np.concatenate([np.zeros((len(power), 1)), np.cumsum(wide, axis=1)], axis=1)
    middles = np.arange(bins) + reach + 0.5
    means = (_interpolate(sums, middles + half) - _interpolate(sums, middles - half)) / (2 * half)
    result: Matrix = means.astype(np.float32)
    return result


def interpolate_unvoiced(semitones: Vector, voiced: Mask) -> Vector:
    """Interpolates a pitch contour linearly where there is no pitch.

    Returns:
        Shape (frames,); constant before the first voiced frame and behind the last; 0 if there is
        none.
    """
    places = np.flatnonzero(voiced)
    if not len(places):
        return np.zeros(len(semitones), np.float32)
    filled = np.interp(np.arange(len(semitones)), places, semitones[places])
    return filled.astype(np.float32)


def _interpolate(sums: npt.NDArray[np.float64], places: npt.NDArray[np.float64]) -> Matrix:
    """Interpolates each row linearly at fractional places, (frames, bins)."""
    places = np.clip(places, 0, sums.shape[1] - 1)
    below = np.minimum(places.astype(np.intp), sums.shape[1] - 2)
    part = places - below
    low = np.take_along_axis(sums, below, axis=1)
    high = np.take_along_axis(sums, below + 1, axis=1)
    values: Matrix = low + part * (high - low)
    return values
