"""Silence at the ends of a clip."""

from __future__ import annotations

import numpy as np

from ser.arrays import Doubles, Samples

# librosa.effects.trim's frames.
_FRAME, _HOP = 2048, 512


def bounds(samples: Samples, top_db: float) -> tuple[int, int]:
    """Finds where a clip's sound begins and ends, as `librosa.effects.trim` does.

    Args:
        samples: Shape (samples,).
        top_db: Frames whose RMS lies more than this under the loudest frame's are silence.

    Returns:
        Start and end in samples. A clip of pure silence has no loudest frame and is kept whole.
    """
    return bounds_in(energy_of(samples), 0, len(samples), top_db)


def energy_of(samples: Samples) -> Doubles:
    """Sums the squares of samples up, shape (samples + 1,); the first sum is 0."""
    energy = np.zeros(len(samples) + 1)
    np.cumsum(np.square(samples, dtype=np.float64), out=energy[1:])
    return energy


def bounds_in(energy: Doubles, first: int, last: int, top_db: float) -> tuple[int, int]:
    """Finds the same of a part of a signal, from what `energy_of` gave of all of it.

    Args:
        energy: Of the signal, shape (samples + 1,).
        first: Where the part begins.
        last: Where it ends.
        top_db: As in `bounds`.

    Returns:
        Start and end in samples from where the part begins.
    """
    length = last - first
    if not length:
        return 0, 0
    # Behind the ends of a part is nothing, whatever the signal has there.
    starts = np.arange(0, length + 1, _HOP) + (first - _FRAME // 2)
    above = energy[np.minimum(starts + _FRAME, last)]
    mean_square = np.maximum(above - energy[np.maximum(starts, first)], 0) / _FRAME
    peak = mean_square.max()
    if peak <= 0:
        return 0, length
    # amplitude_to_db floors amplitudes at 1e-5 before it compares.
    decibels = 10 * np.log10(np.maximum(mean_square, 1e-10))
    sound = np.flatnonzero(decibels - max(10 * np.log10(peak), -100.0) > -top_db)
    return int(sound[0] * _HOP), min(length, int((sound[-1] + 1) * _HOP))


def trim(samples: Samples, top_db: float) -> Samples:
    """Cuts the silence off both ends; see `bounds`."""
    start, end = bounds(samples, top_db)
    return samples[start:end] if end > start else samples
