"""Endpoint detection: when a live speaker has finished."""

from __future__ import annotations

import math

from ser.arrays import Samples
from ser.text.asr.base import SegmentLimits
from ser.text.asr.segmenter import SpeechSegmenter

_LATENCY = 0.256
"""Seconds by which an end is noticed too late at most."""


class EndpointDetector:
    """Watches live sound until somebody has spoken and fallen silent.

    Args:
        rate: Of the samples, in hertz.
        silence: Seconds of silence after speech that are an end.
        patience: Seconds without any speech after which waiting ends.

    Attributes:
        spoken: Whether there has been speech so far.
    """

    def __init__(self, rate: int, *, silence: float, patience: float = math.inf) -> None:
        limits = SegmentLimits(pause=silence, shortest=0.0, rest=silence, longest=math.inf)
        self._segmenter = SpeechSegmenter(rate, limits, batch_seconds=_LATENCY)
        self._rate = rate
        self._patience = patience
        self._seconds = 0.0
        self.spoken = False

    def add(self, block: Samples) -> bool:
        """Takes the next samples, shape (samples,); says whether the end has come."""
        self._seconds += len(block) / self._rate
        ended = bool(self._segmenter.add(block))
        self.spoken = self.spoken or ended or self._segmenter.speaking
        return ended or (not self.spoken and self._seconds >= self._patience)
