"""Contours of a phrase: spectral envelope, F0 and voicing, in frames of 10 ms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ser.arrays import Doubles, Mask, Matrix, Vector
from ser.errors import SerError
from ser.features import banks
from ser.features.extract import Extractor
from ser.features.layout import columns
from ser.features.spec import PRESETS, FeatureSpec

HOP = 0.01
"""Seconds from one frame to the next."""

SPEC = PRESETS["translate"].with_changes(duration=None, trim=None)
"""The features of a phrase: those of the preset ``translate``, without padding or trimming."""

# A Hann window over five frames, normalized.
_SMOOTHING = (np.hanning(7)[1:-1] / np.hanning(7).sum()).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """Spectral envelope and F0 of a phrase; frame *t* is centered on second t * HOP.

    Attributes:
        cepstrum: Mel-cepstrum of the spectral envelope in decibels (family ``mcep``), shape
            (frames, 25).
        pitch: F0 in semitones over 1 Hz, interpolated over unvoiced frames, shape (frames,).
        voiced: Which frames are voiced, shape (frames,).
        logmel: Natural logarithm of the mel power, shape (frames, 80).
    """

    cepstrum: Matrix
    pitch: Vector
    voiced: Mask
    logmel: Matrix

    def __len__(self) -> int:
        """Gives the number of frames."""
        return len(self.pitch)

    @property
    def bands(self) -> Matrix:
        """The spectral envelope in decibels on the mel bands, shape (frames, 80)."""
        return cepstrum_to_bands(self.cepstrum)


def extract_contours(samples: Vector) -> Contours:
    """Computes the contours of a phrase.

    Args:
        samples: Mono, 16 kHz, shape (samples,).
    """
    return contours_from_features(_extractor()(samples), SPEC)


def contours_from_features(x: Matrix, spec: FeatureSpec) -> Contours:
    """Takes the contours out of the features of a clip.

    Args:
        x: Shape (frames, coefficients), without padding.
        spec: What the coefficients are.

    Raises:
        SerError: They are not the features of ``ser-extract --preset translate``.
    """
    check_spec(spec)
    where = columns(spec)
    pitch = x[:, where["pitch"]]
    return Contours(x[:, where["mcep"]], pitch[:, 0], pitch[:, 1] > 0.5, x[:, where["logmel"]])


def check_spec(spec: FeatureSpec) -> None:
    """Checks that features are those of the preset ``translate``, however clips were cut.

    Raises:
        SerError: They are others.
    """
    any_cut = {"duration": None, "trim": None, "offset": 0.0, "clean": ()}
    difference = SPEC.difference(spec.with_changes(**any_cut))
    if difference:
        raise SerError(
            "features",
            f"are not those that translation works on ({difference})",
            "extract them with ser-extract --preset translate",
        )


def cepstrum_to_bands(cepstrum: Matrix) -> Matrix:
    """Transforms mel-cepstra to decibels on mel bands; linear, so it holds for differences too.

    Args:
        cepstrum: Shape (frames, 25).

    Returns:
        Shape (frames, 80).
    """
    bands: Matrix = cepstrum @ banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)
    return bands


def interpolate_rows(values: Matrix, rows: Doubles | Vector) -> Matrix:
    """Interpolates linearly between the rows of a matrix.

    Args:
        values: Shape (frames, n).
        rows: Fractional row numbers, shape (m,); those outside are clipped.

    Returns:
        Shape (m, n).
    """
    low = np.clip(rows.astype(np.intp), 0, max(len(values) - 2, 0))
    high = np.minimum(low + 1, len(values) - 1)
    weight = np.clip(rows - low, 0, 1)[:, None].astype(np.float32)
    result: Matrix = values[low] * (1 - weight) + values[high] * weight
    return result


def smooth_rows(values: Matrix) -> Matrix:
    """Smooths over five frames, so that values do not flutter; the shape (frames, n) stays."""
    margin = len(_SMOOTHING) // 2
    padded = np.pad(values, ((margin, margin), (0, 0)), "edge")
    smooth = np.zeros_like(values)
    for offset, weight in enumerate(_SMOOTHING):
        smooth += weight * padded[offset : offset + len(values)]
    return smooth


@lru_cache(maxsize=1)
def _extractor() -> Extractor:
    return Extractor(SPEC)
