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
        self._chunks = 0
        self._silences: list[tuple[int, int]] = []

    def add(self, samples: Samples) -> None:
        """Takes the next samples, shape (samples,)."""
        self._count(self._track.add(samples))

    def finish(self, start: float = 0.0) -> TalkTime:
        """Measures what is left, and gives the result.

        Args:
            start: The time of the first sample, in seconds.

        Raises:
            SerError: The package with the network's weights is missing.
        """
        self._count(self._track.finish())
        self._end_silence()
        pauses, silent, longest = self._pauses
        silences = [(start + a * SECONDS, start + b * SECONDS) for a, b in self._silences]
        return TalkTime(
            self._talk * SECONDS, pauses, silent * SECONDS, longest * SECONDS, tuple(silences)
        )

    def _count(self, spoken: Mask) -> None:
        for speech in spoken.tolist():
            self._chunks += 1
            if not speech:
                if self._silent is not None:
                    self._silent += 1
                continue
            self._end_silence(speech=1)
            self._talk += 1
            if self._silent is not None and self._silent * SECONDS >= PAUSE_SECONDS:
                pauses, silent, longest = self._pauses
                self._pauses = [pauses + 1, silent + self._silent, max(longest, self._silent)]
            self._silent = 0

    def _end_silence(self, speech: int = 0) -> None:
        """Keeps a silence that ends now, with so many chunks of speech behind it."""
        end = self._chunks - speech
        length = end if self._silent is None else self._silent
        if length * SECONDS >= PAUSE_SECONDS:
            self._silences.append((end - length, end))
