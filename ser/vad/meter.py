"""How much of a recording somebody speaks, and its pauses, measured as it is decoded."""

from __future__ import annotations

from ser.arrays import Mask, Samples
from ser.timeline.summary import TalkTime
from ser.vad.track import SECONDS, SpeechTrack

PAUSE_SECONDS = 0.25
"""The least seconds without speech between speech that are a pause: shorter ones are mostly the
silence of plosives (Goldman-Eisler, "Psycholinguistics", 1968)."""


class SpeechMeter:
    """Measures speech and pauses, in constant memory.

    Args:
        rate: Sample rate of the blocks in hertz.
    """

    def __init__(self, rate: int) -> None:
        self._track = SpeechTrack(rate)
        self._talk = 0
        self._pauses: list[int] = [0, 0, 0]
        # Chunks since the last one with speech; None before the first.
        self._silent: int | None = None

    def add(self, samples: Samples) -> None:
        """Takes the next samples, shape (samples,)."""
        self._count(self._track.add(samples))

    def finish(self) -> TalkTime:
        """Measures what is left, and gives the result.

        Raises:
            SerError: The package with the network's weights is missing.
        """
        self._count(self._track.finish())
        pauses, silent, longest = self._pauses
        return TalkTime(self._talk * SECONDS, pauses, silent * SECONDS, longest * SECONDS)

    def _count(self, spoken: Mask) -> None:
        for speech in spoken.tolist():
            if not speech:
                if self._silent is not None:
                    self._silent += 1
                continue
            self._talk += 1
            if self._silent is not None and self._silent * SECONDS >= PAUSE_SECONDS:
                pauses, silent, longest = self._pauses
                self._pauses = [pauses + 1, silent + self._silent, max(longest, self._silent)]
            self._silent = 0
