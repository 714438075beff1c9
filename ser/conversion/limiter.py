"""Peak limiting: samples are turned down to what audio files hold."""

from __future__ import annotations

import numpy as np

from ser.arrays import Samples

CEILING = 0.98
"""The peak amplitude of sound that was turned down."""

# Recovery of a stream's gain in decibels per second, and seconds of a transition between two gains.
_RECOVERY = 0.25
_TRANSITION = 0.02


def limit(samples: Samples) -> Samples:
    """Scales samples by one gain so that the peak is at most `CEILING`, if it exceeds 1.

    The whole recording gets the same gain: levels within it are a part of the emotion, and there is
    no distortion.

    Args:
        samples: Shape (samples,) or (samples, channels).
    """
    gain = limiting_gain(samples)
    return samples if gain == 1 else np.clip(samples * np.float32(gain), -1, 1)


def limiting_gain(samples: Samples) -> float:
    """Computes the gain, at most 1, that limits samples."""
    if not samples.size:
        return 1.0
    peak = float(max(samples.max(), -samples.min()))
    return 1.0 if peak <= 1 else CEILING / peak


class StreamLimiter:
    """Limits a stream: the gain falls at once where a part is too loud, and recovers slowly.

    Args:
        rate: Hertz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._gain = 1.0

    def limit(self, part: Samples) -> Samples:
        """Limits the next part of the stream.

        Args:
            part: Shape (samples,) or (samples, channels); it begins in a pause, where a change of
                gain is not heard.
        """
        before = self._gain
        recovered = before * 10 ** (_RECOVERY * len(part) / self._rate / 20)
        self._gain = min(1.0, recovered, limiting_gain(part))
        if self._gain == before == 1:
            return part
        size = min(len(part), max(1, round(_TRANSITION * self._rate)))
        gains = np.full(len(part), self._gain, np.float32)
        gains[:size] = np.linspace(before, self._gain, size)
        result: Samples = np.clip((part.T * gains).T, -1, 1)
        return result
