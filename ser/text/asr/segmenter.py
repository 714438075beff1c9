"""Where speech begins and ends in a stream: stretches that a recogniser can take in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.text.asr.base import Cutting
from ser.vad.silero import CHUNK, speech_probabilities
from ser.vad.silero import RATE as DETECTOR_RATE
from ser.vad.speech import SHORTEST_SPEECH, SURE

STEP = CHUNK / DETECTOR_RATE
"""Seconds from one answer of the detector to the next."""

HEARD = 2.048
"""Seconds that are heard at a time."""

# How much of what was before it the detector hears again.
_AGAIN = 0.512

# What is kept before and behind speech: quiet consonants are no speech to the detector.
_MARGIN = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Speech without a long pause.

    Attributes:
        start: Seconds from the start of the stream.
        end: Likewise.
        samples: Shape (samples,).
    """

    start: float
    end: float
    samples: Samples


class Cutter:
    """Cuts a stream of samples into stretches of speech, in constant memory.

    Args:
        rate: Of the samples, in hertz.
        cutting: The wanted lengths.
        heard: Seconds that are heard at a time: the fewer, the sooner is known what has ended.
    """

    def __init__(self, rate: int, cutting: Cutting, *, heard: float = HEARD) -> None:
        self._heard = heard
        self._rate = rate
        self._cutting = cutting
        self._samples = np.empty(0, np.float32)
        self._first = 0  # The number of the first of them in the stream.
        self._answers: list[float] = []  # Of the detector, for chunks from _chunk on.
        self._chunk = 0
        self._begun: int | None = None  # The chunk with which the current stretch begins.
        self._last = 0  # The last chunk of speech in it, and
        self._spoken = 0  # how many there were.
        self._ended = 0  # Behind the last chunk that has been given away.

    @property
    def settled(self) -> float:
        """Seconds up to which no stretch follows any more."""
        chunk = self._next if self._begun is None else self._begun
        # A stretch that begins now reaches back by the margin.
        return max(0.0, chunk * STEP - _MARGIN)

    @property
    def speaking(self) -> bool:
        """Whether a stretch has begun that has not ended."""
        return self._begun is not None

    def add(self, block: Samples) -> list[Stretch]:
        """Takes the next samples, shape (samples,); gives the stretches that have ended."""
        self._samples = np.concatenate([self._samples, block])
        found = []
        while self._end - self._place(self._next) >= self._heard * self._rate:
            found += self._hear(round(self._heard / STEP))
        return found

    def finish(self) -> list[Stretch]:
        """Gives what is left when the stream has ended."""
        left = self._end - self._place(self._next)
        found = self._hear(-(-left // max(1, round(STEP * self._rate)))) if left > 0 else []
        if self._begun is not None:
            found += self._close(self._last + 1)
        return found

    @property
    def _next(self) -> int:
        return self._chunk + len(self._answers)

    @property
    def _end(self) -> int:
        return self._first + len(self._samples)

    def _place(self, chunk: int) -> int:
        return round(chunk * STEP * self._rate)

    def _hear(self, chunks: int) -> list[Stretch]:
        """Runs the detector over the next chunks."""
        again = min(round(_AGAIN / STEP), len(self._answers))
        begin = self._place(self._next - again) - self._first
        end = self._place(self._next + chunks) - self._first
        window = reader.resample(self._samples[begin:end], self._rate, DETECTOR_RATE)
        size = (again + chunks) * CHUNK
        window = np.pad(window[:size], (0, max(0, size - len(window))))
        found = []
        for answer in speech_probabilities(window[None])[0, again:].tolist():
            self._answers.append(answer)
            found += self._step(self._next - 1, answer >= SURE)
        self._forget()
        return found

    def _step(self, chunk: int, speech: bool) -> list[Stretch]:
        if speech:
            if self._begun is None:
                self._begun = max(self._ended, chunk - round(_MARGIN / STEP))
                self._spoken = 0
            self._last = chunk
            self._spoken += 1
        if self._begun is None:
            return []
        length, silence = (chunk + 1 - self._begun) * STEP, (chunk - self._last) * STEP
        paused = silence >= self._cutting.pause and length - silence >= self._cutting.shortest
        if paused or silence >= self._cutting.rest:
            return self._close(self._last + 1)
        if length >= self._cutting.longest:
            return self._cut(chunk)
        return []

    def _cut(self, chunk: int) -> list[Stretch]:
        """Cuts speech that does not end, at the quietest chunk of its last third."""
        assert self._begun is not None  # noqa: S101
        from_ = chunk - (chunk - self._begun) // 3
        answers = self._answers[from_ - self._chunk : chunk + 1 - self._chunk]
        quietest = from_ + int(np.argmin(answers))
        found = self._given(self._begun, quietest)
        self._ended = self._begun = quietest
        self._spoken = sum(a >= SURE for a in self._answers[quietest - self._chunk :])
        return found

    def _close(self, end: int) -> list[Stretch]:
        assert self._begun is not None  # noqa: S101
        enough = self._spoken * STEP >= SHORTEST_SPEECH
        end = min(end + round(_MARGIN / STEP), self._next)
        found = self._given(self._begun, end) if enough else []
        self._ended, self._begun = end, None
        return found

    def _given(self, begin: int, end: int) -> list[Stretch]:
        first, last = self._place(begin), min(self._place(end), self._end)
        samples = self._samples[first - self._first : last - self._first].copy()
        if not len(samples):
            return []
        return [Stretch(first / self._rate, last / self._rate, samples)]

    def _forget(self) -> None:
        """Drops what neither a stretch nor the detector needs any more."""
        needed = self._next - round(_AGAIN / STEP)
        if self._begun is not None:
            needed = min(needed, self._begun)
        drop = max(0, needed - self._chunk)
        self._answers = self._answers[drop:]
        self._chunk += drop
        place = self._place(self._chunk)
        self._samples = self._samples[place - self._first :]
        self._first = place
