"""Augmentation by time stretching: another duration at the same pitch."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform, fit_length

# Seconds of a frame, which holds two periods of a low voice and overlaps the next by half; and how
# far the search goes to either side, a period of such a voice in all.
_FRAME_SECONDS, _SEARCH_SECONDS = 0.030, 0.008


class Stretch(Transform):
    """Multiplies the duration of a clip by a factor, as if it was spoken more slowly."""

    __slots__ = ()
    name: ClassVar[str] = "stretch"
    unit: ClassVar[str] = ""
    meaning: ClassVar[str] = "factors of duration"
    decimals: ClassVar[int] = 4
    default: ClassVar[tuple[float, float]] = (0.85, 1.2)
    bounds: ClassVar[tuple[float, float]] = (0.25, 4.0)

    def max_duration(self, seconds: float) -> float:
        """See `Transform.max_duration`."""
        return seconds * max(self.high, 1.0)

    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Stretches; see `Transform.apply`."""
        return stretch(samples, rate, parameters.value)


def stretch(samples: Samples, rate: int, factor: float) -> Samples:
    """Changes the duration by overlapping frames where their waveforms agree (WSOLA).

    Each output frame is taken from about where it belongs in the input: from the place within the
    search range that correlates best with what would have followed the frame before it.

    Verhelst and Roelands, "An overlap-add technique based on waveform similarity (WSOLA) for high
    quality time-scale modification of speech", ICASSP 1993.

    Args:
        samples: Shape (samples,).
        rate: Their rate in hertz.
        factor: What the duration is multiplied by: 1.1 is longer by a tenth.

    Returns:
        Shape (round(samples * factor),), at least one.
    """
    count = max(1, round(len(samples) * factor))
    hop = max(1, round(_FRAME_SECONDS * rate / 2))
    frame, reach = 2 * hop, max(1, round(_SEARCH_SECONDS * rate))
    if factor == 1 or len(samples) <= frame:
        # Too short to have a pitch.
        return fit_length(samples, count)
    window = np.hanning(frame + 1)[:-1].astype(np.float32)
    steps = -(-count // hop) + 1
    # Zeros at both ends, so that every search is within the array.
    padded = np.pad(samples, (hop + reach, frame + hop + 2 * reach))
    energy = np.concatenate([[0.0], np.cumsum(np.square(padded, dtype=np.float64))])
    energy = energy[frame:] - energy[:-frame]
    # A floor, so that in silence the first place is as good as all others.
    energy = np.sqrt(energy + 1e-4 * energy.max() + 1e-20)
    output = np.zeros((steps + 1) * hop, np.float32)
    output[:frame] = padded[reach : reach + frame] * window
    last = len(padded) - frame - hop - reach
    place = reach
    for step in range(1, steps):
        template = padded[place + hop : place + hop + frame]
        middle = min(reach + round(step * hop / factor), last)
        first = middle - reach
        correlation = np.correlate(padded[first : middle + reach + frame], template, "valid")
        place = first + int(np.argmax(correlation / energy[first : first + len(correlation)]))
        output[step * hop : step * hop + frame] += padded[place : place + frame] * window
    # The first half frame holds the zeros before the beginning.
    return fit_length(output[hop:], count)
