"""The shapes of the contours of pitch, level and spectrum over a clip: their first cosines.

Statistics do not tell whether a voice rises or falls at the end. The first coefficients of a
discrete cosine transform of the contour do, however long it is; see Teutenberg, Watson and Riddle,
"Modelling and synthesising F0 contours with the discrete cosine transform", ICASSP 2008.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Vector
from ser.features import banks
from ser.features.prosody.descriptors import Descriptors

VOICED = ("pitch", "hnr")
"""Contours of voiced frames; they are interpolated where there is no pitch."""

CEPSTRA = (1, 2, 3, 4, 5)
"""Cepstral coefficients whose contours are described."""

COSINES = 6
"""Cosines per contour: half a period over the clip, one period and so on; without the mean."""

NAMES = tuple(
    f"{track}_course{k}"
    for track in (*VOICED, "energy", "alpha", *(f"cepstrum{k}" for k in CEPSTRA))
    for k in range(1, COSINES + 1)
)
"""The names of the numbers that `describe_contours` gives."""

POINTS = 32
BASIS = banks.dct_basis(COSINES + 1, POINTS)[1:] / np.float32(np.sqrt(POINTS))
# The least level relative to the clip's level: how silent a pause is says nothing about the voice.
FLOOR_DB = -60.0
# Voiced frames that the contour of the pitch needs.
MIN_VOICED = 5


def describe_contours(found: Descriptors) -> Vector:
    """Describes the contours of a clip from its first to its last active frame.

    Args:
        found: The descriptors of the clip.

    Returns:
        Shape (len(`NAMES`),); zeros for the contours of `VOICED` if hardly a frame is voiced.
    """
    places = np.flatnonzero(found.active)
    span = slice(int(places[0]), int(places[-1]) + 1)
    values = found.values
    voiced = np.flatnonzero(found.pitch.voiced[span])
    voiced_contours = [_resample_voiced(voiced, values[name][span][voiced]) for name in VOICED]
    everywhere = np.stack(
        [
            np.maximum(values["energy"][span], np.float32(FLOOR_DB)),
            values["alpha"][span],
            *(found.cepstra[span, k] for k in CEPSTRA),
        ]
    )
    contours = np.concatenate([np.stack(voiced_contours), _resample(everywhere)])
    numbers: Vector = (contours @ BASIS.T).ravel()
    return numbers


def _resample_voiced(frames: npt.NDArray[np.intp], values: Vector) -> Vector:
    """Interpolates values at some frames linearly, and samples them at equal distances."""
    if len(frames) < MIN_VOICED:
        return np.zeros(POINTS, np.float32)
    where = np.linspace(frames[0], frames[-1], POINTS)
    return np.interp(where, frames, values).astype(np.float32)


def _resample(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Samples contours at equal distances: (n, frames) to (n, points)."""
    where = np.linspace(0, rows.shape[1] - 1, POINTS, dtype=np.float32)
    low = where.astype(np.intp)
    high = np.minimum(low + 1, rows.shape[1] - 1)
    part = where - low
    sampled: npt.NDArray[np.float32] = rows[:, low] * (1 - part) + rows[:, high] * part
    return sampled
