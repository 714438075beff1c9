"""Augmentation: another duration at the same pitch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform, fitted

# Half a frame goes by between two; a frame holds two periods of the lowest voice, and the search
# reaches over one, so that periods always find each other.
_FRAME, _SEARCH = 0.030, 0.008


class Stretch(Transform):
    """Makes a clip longer by a factor, as if spoken more slowly."""

    __slots__ = ()
    name: ClassVar[str] = "stretch"
    unit: ClassVar[str] = ""
    meaning: ClassVar[str] = "factors of duration"
    decimals: ClassVar[int] = 4
    default: ClassVar[tuple[float, float]] = (0.85, 1.2)
    bounds: ClassVar[tuple[float, float]] = (0.25, 4.0)

    def longest(self, seconds: float) -> float:
        """See `Transform.longest`."""
        return seconds * max(self.high, 1.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Stretches; see `Transform.apply`."""
        return stretched(samples, rate, parameters.value)


def stretched(samples: Samples, rate: int, factor: float) -> Samples:
    """Changes the duration by overlapping frames where their waveforms agree (WSOLA).

    Each output frame is taken from about where it belongs in the input: from the place within the
    search range that correlates best with what would have followed the frame before it.

    Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high
    quality time-scale modification of speech", ICASSP 1993.

    Args:
        samples: Shape (samples,).
        rate: Their rate in hertz.
        factor: Of the duration: 1.1 is longer by a tenth.

    Returns:
        Shape (round(samples * factor),), at least one.
    """
    count = max(1, round(len(samples) * factor))
    hop = max(1, round(_FRAME * rate / 2))
    frame, reach = 2 * hop, max(1, round(_SEARCH * rate))
    if factor == 1 or len(samples) <= frame:
        # Too short to have a pitch.
        return fitted(samples, count)
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    steps = -(-count // hop) + 1
    # Zeros all around: every search is inside.
    padded = np.pad(samples, (hop + reach, frame + hop + 2 * reach))
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    energy = energy[frame:] - energy[:-frame]
    # What is added to silence decides nothing: there the first place is as good as the others.
    energy = np.sqrt(energy + 1e-4 * energy.max() + 1e-20)
    output = np.zeros((steps + 1) * hop, np.float32)
    output[:frame] = padded[reach : reach + frame] * window
    last = len(padded) - frame - hop - reach
    place = reach
    for step in range(1, steps):
        wanted = padded[place + hop : place + hop + frame]
        middle = min(reach + round(step * hop / factor), last)
        first = middle - reach
        likeness = np.correlate(padded[first : middle + reach + frame], wanted, "valid")
        place = first + int(np.argmax(likeness / energy[first : first + len(likeness)]))
        output[step * hop : step * hop + frame] += padded[place : place + frame] * window
    # The first half frame holds the zeros before the beginning.
    return fitted(output[hop:], count)
