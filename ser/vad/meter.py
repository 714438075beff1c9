"""How much of a recording somebody speaks, and its pauses, measured as it is decoded."""

from __future__ import annotations

import numpy as np

from ser.arrays import Mask, Samples
from ser.audio import reader
from ser.preprocess.high_pass import HighPass
from ser.timeline.summary import TalkTime
from ser.vad.silero import CHUNK, RATE, SPEECH_THRESHOLD, speech_probabilities
from ser.vad.speech import usual_gain

PAUSE_SECONDS = 0.25
"""The least seconds without speech between speech that are a pause: shorter ones are mostly the
silence of plosives (Goldman-Eisler, "Psycholinguistics", 1968)."""

# A piece has the length of a window, so that soft speech behind loud speech is amplified; the
# network hears something of what comes before it.
_PIECE_CHUNKS, _LEAD_CHUNKS = 96, 16
# Pieces computed at a time.
_BATCH = 8
_CUTOFF = 60.0


class SpeechMeter:
    """Measures speech and pauses, in constant memory.

    Args:
        rate: Sample rate of the blocks in hertz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._high_pass = HighPass(RATE, _CUTOFF)
        self._piece = _PIECE_CHUNKS * CHUNK * rate // RATE
        self._lead = _LEAD_CHUNKS * CHUNK * rate // RATE
        self._waiting: list[Samples] = []
        self._length = 0
        self._before = np.zeros(0, np.float32)
        self._talk = 0
        self._pauses: list[int] = [0, 0, 0]
        # Chunks since the last one with speech; None before the first.
        self._silent: int | None = None

    def add(self, samples: Samples) -> None:
        """Takes the next samples, shape (samples,)."""
        self._waiting.append(samples)
        self._length += len(samples)
        if self._length >= _BATCH * self._piece:
            whole = self._length // self._piece * self._piece
            signal = np.concatenate(self._waiting)
            self._measure(signal[:whole])
            self._waiting, self._length = [signal[whole:]], self._length - whole

    def finish(self) -> TalkTime:
        """Measures what is left, and gives the result.

        Raises:
            SerError: The package with the network's weights is missing.
        """
        if self._length:
            self._measure(np.concatenate(self._waiting))
            self._waiting, self._length = [], 0
        seconds = CHUNK / RATE
        pauses, silent, longest = self._pauses
        return TalkTime(self._talk * seconds, pauses, silent * seconds, longest * seconds)

    def _measure(self, signal: Samples) -> None:
        known = np.concatenate([self._before, signal])
        skip = len(self._before)
        self._before = known[-self._lead :]
        pieces = []
        for start in range(skip, len(known), self._piece):
            lead = min(start, self._lead)
            clip = known[start - lead : start + self._piece]
            clip = self._high_pass(reader.resample(clip, self._rate, RATE))
            pieces.append((clip * usual_gain(clip), round(lead * RATE / self._rate / CHUNK)))
        longest = max(len(clip) for clip, _ in pieces)
        rows = np.zeros((len(pieces), longest), np.float32)
        for row, (clip, _) in zip(rows, pieces, strict=True):
            row[: len(clip)] = clip
        spoken = speech_probabilities(rows) >= SPEECH_THRESHOLD
        for row, (clip, lead) in zip(spoken, pieces, strict=True):
            # The network may take the silence behind the end for the end of a word.
            self._count(row[lead : -(-len(clip) // CHUNK)])

    def _count(self, spoken: Mask) -> None:
        for speech in spoken.tolist():
            if not speech:
                if self._silent is not None:
                    self._silent += 1
                continue
            self._talk += 1
            if self._silent is not None and self._silent * CHUNK / RATE >= PAUSE_SECONDS:
                pauses, silent, longest = self._pauses
                self._pauses = [pauses + 1, silent + self._silent, max(longest, self._silent)]
            self._silent = 0
