"""Matrices with a row per frame: reading between the rows, and averaging over them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_SMOOTH = (np.hanning(7)[1:-1] / np.hanning(7).sum()).astype(np.float32)


def between(values: Matrix, rows: Doubles) -> Matrix:
    """Reads frames at fractional places, in straight lines; (frames, n) to (rows, n)."""
    low = np.clip(rows.astype(np.intp), 0, max(len(values) - 2, 0))
    high = np.minimum(low + 1, len(values) - 1)
    part = np.clip(rows - low, 0, 1)[:, None].astype(np.float32)
    read: Matrix = values[low] * (1 - part) + values[high] * part
    return read


def evened(values: Matrix) -> Matrix:
    """Averages over five frames, so that nothing flutters; shape (frames, n) stays."""
    reach = len(_SMOOTH) // 2
    wide = np.pad(values, ((reach, reach), (0, 0)), "edge")
    even = np.zeros_like(values)
    for place, weight in enumerate(_SMOOTH):
        even += weight * wide[place : place + len(values)]
    return even
