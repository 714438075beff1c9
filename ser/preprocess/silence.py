"""Trimming of the silence at both ends of a clip."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Doubles, Samples
from ser.preprocess.base import Step

# Samples, as in `librosa.effects.trim`.
FRAME, HOP = 2048, 512


def trim_bounds(samples: Samples, top_db: float) -> tuple[int, int]:
    """Finds where a clip's sound begins and ends, as `librosa.effects.trim` does.

    Args:
        samples: Shape (samples,).
        top_db: Frames whose RMS lies more than this under the loudest frame's are silence.

    Returns:
        Start and end in samples. A clip of pure silence has no loudest frame and is kept whole.
    """
    return trim_bounds_of_part(cumulative_energy(samples), 0, len(samples), top_db)


def cumulative_energy(samples: Samples) -> Doubles:
    """Gives the cumulative sums of the squares of samples, shape (samples + 1,); the first is 0."""
    energy = np.zeros(len(samples) + 1)
    np.cumsum(np.square(samples, dtype=np.float64), out=energy[1:])
    return energy


def trim_bounds_of_part(energy: Doubles, first: int, last: int, top_db: float) -> tuple[int, int]:
    """Finds where the sound of a part of a signal begins and ends; see `trim_bounds`.

    Args:
        energy: The cumulative energy of the signal, shape (samples + 1,).
        first: The first sample of the part.
        last: The sample behind its last.
        top_db: As in `trim_bounds`.

    Returns:
        Start and end in samples, relative to `first`.
    """
    length = last - first
    if not length:
        return 0, 0
    # Beyond the ends of the part there is silence, whatever the signal has there.
    starts = np.arange(0, length + 1, HOP) + (first - FRAME // 2)
    above = energy[np.minimum(starts + FRAME, last)]
    mean_square = np.maximum(above - energy[np.maximum(starts, first)], 0) / FRAME
    peak = mean_square.max()
    if peak <= 0:
        return 0, length
    # amplitude_to_db floors amplitudes at 1e-5 before it compares.
    decibels = 10 * np.log10(np.maximum(mean_square, 1e-10))
    sound = np.flatnonzero(decibels - max(10 * np.log10(peak), -100.0) > -top_db)
    return int(sound[0] * HOP), min(length, int((sound[-1] + 1) * HOP))


def trim_silence(samples: Samples, top_db: float) -> Samples:
    """Cuts off the silence at both ends; see `trim_bounds`."""
    start, end = trim_bounds(samples, top_db)
    return samples[start:end] if end > start else samples


class Trim(Step):
    """Cuts off the ends that lie `value` decibels under the clip's loudest frame.

    It does the same as ``trim`` of the feature specification, but at its place among the other
    steps: after noise reduction silence is silent.
    """

    __slots__ = ()
    name: ClassVar[str] = "trim"
    meaning: ClassVar[str] = "number of decibels under the peak"
    default: ClassVar[float] = 40.0
    bounds: ClassVar[tuple[float, float]] = (1.0, 120.0)

    def __call__(self, samples: Samples, rate: int) -> Samples:
        """Trims; see `Step.__call__`. A clip of pure silence is kept whole."""
        return trim_silence(samples, self.value)
