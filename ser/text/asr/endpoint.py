"""When somebody has finished speaking."""

from __future__ import annotations

import math

from ser.arrays import Samples
from ser.text.asr.base import Cutting
from ser.text.asr.segmenter import Cutter

# A quarter of a second: what the end is noticed too late at most.
_HEARD = 0.256


class Ending:
    """Listens to a live sound until somebody has spoken and fallen silent.

    Args:
        rate: Hertz.
        silence: Seconds of silence behind speech that are an end.
        patience: Seconds without any speech after which there will be none.

    Attributes:
        spoken: Whether anybody has spoken so far.
    """

    def __init__(self, rate: int, *, silence: float, patience: float = math.inf) -> None:
        whole = Cutting(pause=silence, shortest=0.0, rest=silence, longest=math.inf)
        self._cutter = Cutter(rate, whole, heard=_HEARD)
        self._rate = rate
        self._patience = patience
        self._seconds = 0.0
        self.spoken = False

    def add(self, block: Samples) -> bool:
        """Takes the next samples, shape (samples,); says whether it is over."""
        self._seconds += len(block) / self._rate
        ended = bool(self._cutter.add(block))
        self.spoken = self.spoken or ended or self._cutter.speaking
        return ended or (not self.spoken and self._seconds >= self._patience)
