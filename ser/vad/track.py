"""Speech and silence of a recording every 32 ms, found as it is decoded."""

from __future__ import annotations

import numpy as np

from ser.arrays import Mask, Samples
from ser.audio import reader
from ser.preprocess.high_pass import HighPass
from ser.vad.silero import CHUNK, RATE, SPEECH_THRESHOLD, speech_probabilities
from ser.vad.speech import usual_gain

SECONDS = CHUNK / RATE
"""The length of what is decided about, 32 ms."""

# A piece has the length of a window, so that soft speech behind loud speech is amplified; the
# network hears something of what comes before it.
_PIECE_CHUNKS, _LEAD_CHUNKS = 96, 16
# Pieces computed at a time.
_BATCH = 8
_CUTOFF = 60.0


class SpeechTrack:
    """Decides for every 32 ms whether somebody speaks, in constant memory.

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

    def add(self, samples: Samples) -> Mask:
        """Takes the next samples, shape (samples,).

        Returns:
            What is known now of the chunks behind those that were given before, shape (chunks,).

        Raises:
            SerError: The package with the network's weights is missing.
        """
        self._waiting.append(samples)
        self._length += len(samples)
        if self._length < _BATCH * self._piece:
            return np.zeros(0, np.bool_)
        whole = self._length // self._piece * self._piece
        signal = np.concatenate(self._waiting)
        self._waiting, self._length = [signal[whole:]], self._length - whole
        return self._decide(signal[:whole])

    def finish(self) -> Mask:
        """Decides about what is left.

        Raises:
            SerError: The package with the network's weights is missing.
        """
        if not self._length:
            return np.zeros(0, np.bool_)
        signal = np.concatenate(self._waiting)
        self._waiting, self._length = [], 0
        return self._decide(signal)

    def _decide(self, signal: Samples) -> Mask:
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
        # The network may take the silence behind the end for the end of a word.
        return np.concatenate(
            [
                row[lead : -(-len(clip) // CHUNK)]
                for row, (clip, lead) in zip(spoken, pieces, strict=True)
            ]
        )
