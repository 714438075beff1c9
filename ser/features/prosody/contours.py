"""The course of pitch, loudness and spectrum over a clip, in a few numbers.

Statistics do not say whether a voice rises or falls at the end. The first cosines of a contour do,
however long it is; see Teutenberg, Watson and Riddle, "Modelling and synthesising F0 contours with
the discrete cosine transform", ICASSP 2008.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.arrays import Vector
from ser.features import banks
from ser.features.prosody.descriptors import Descriptors

VOICED = ("pitch", "hnr")
"""Contours that go straight on where there is no pitch."""

CEPSTRA = (1, 2, 3, 4, 5)
"""Cepstral coefficients whose contours are taken."""

COSINES = 6
"""Numbers per contour: half a period over the clip, a whole one and so on; not its mean."""

NAMES = tuple(
    f"{track}_course{k}"
    for track in (*VOICED, "energy", "alpha", *(f"cepstrum{k}" for k in CEPSTRA))
    for k in range(1, COSINES + 1)
)
"""What each number of `courses` is called."""

_POINTS = 32
_BASIS = banks.dct_basis(COSINES + 1, _POINTS)[1:] / np.float32(np.sqrt(_POINTS))
# Decibels under the clip's level, below which it is silent: how silent says nothing of the voice.
_SILENT = -60.0
_FEWEST = 5


def courses(found: Descriptors) -> Vector:
    """Describes the contours of a clip from its first to its last frame that is no pause.

    Args:
        found: Its descriptors.

    Returns:
        Shape (len(`NAMES`),); zeros for the contours of `VOICED` where hardly a frame is voiced.
    """
    places = np.flatnonzero(found.active)
    span = slice(int(places[0]), int(places[-1]) + 1)
    values = found.values
    voiced = np.flatnonzero(found.pitch.voiced[span])
    tracks = [_drawn(voiced, values[name][span][voiced]) for name in VOICED]
    everywhere = np.stack(
        [
            np.maximum(values["energy"][span], np.float32(_SILENT)),
            values["alpha"][span],
            *(found.cepstra[span, k] for k in CEPSTRA),
        ]
    )
    whole = np.concatenate([np.stack(tracks), _sampled(everywhere)])
    numbers: Vector = (whole @ _BASIS.T).ravel()
    return numbers


def _drawn(frames: npt.NDArray[np.intp], values: Vector) -> Vector:
    """Draws straight lines through some frames, and reads them at equal distances."""
    if len(frames) < _FEWEST:
        return np.zeros(_POINTS, np.float32)
    where = np.linspace(frames[0], frames[-1], _POINTS)
    return np.interp(where, frames, values).astype(np.float32)


def _sampled(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Reads contours at equal distances: (n, frames) to (n, points)."""
    where = np.linspace(0, rows.shape[1] - 1, _POINTS, dtype=np.float32)
    low = where.astype(np.intp)
    high = np.minimum(low + 1, rows.shape[1] - 1)
    part = where - low
    read: npt.NDArray[np.float32] = rows[:, low] * (1 - part) + rows[:, high] * part
    return read
