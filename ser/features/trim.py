"""Silence at the ends of a clip."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

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
    if not len(samples):
        return 0, 0
    energy = np.cumsum(np.square(np.pad(samples, _FRAME // 2), dtype=np.float64))
    energy = np.concatenate([[0.0], energy])
    starts = np.arange(0, len(energy) - _FRAME, _HOP)
    mean_square = np.maximum(energy[starts + _FRAME] - energy[starts], 0) / _FRAME
    peak = mean_square.max()
    if peak <= 0:
        return 0, len(samples)
    # amplitude_to_db floors amplitudes at 1e-5 before it compares.
    decibels = 10 * np.log10(np.maximum(mean_square, 1e-10))
    sound = np.flatnonzero(decibels - max(10 * np.log10(peak), -100.0) > -top_db)
    return int(sound[0] * _HOP), min(len(samples), int((sound[-1] + 1) * _HOP))


def trim(samples: Samples, top_db: float) -> Samples:
    """Cuts the silence off both ends; see `bounds`."""
    start, end = bounds(samples, top_db)
    return samples[start:end] if end > start else samples
