"""Voice activity detection in a stream: segments of speech for a recognizer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.text.asr.base import SegmentLimits
from ser.vad.silero import CHUNK, SPEECH_THRESHOLD, speech_probabilities
from ser.vad.silero import RATE as DETECTOR_RATE
from ser.vad.speech import MIN_SPEECH_SECONDS

STEP = CHUNK / DETECTOR_RATE
"""Seconds from one probability of the detector to the next."""

BATCH_SECONDS = 2.048
"""Seconds that the detector gets at a time."""

# Seconds before a batch that the detector gets again: its memory starts anew with each batch.
_CONTEXT = 0.512

# Seconds kept before and behind speech: quiet consonants are no speech to the detector.
_MARGIN = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SpeechSegment:
    """A segment of speech without a long pause.

    Attributes:
        start: Seconds from the start of the stream.
        end: Likewise.
        samples: Shape (samples,).
    """

    start: float
    end: float
    samples: Samples


class SpeechSegmenter:
    """Finds the segments of speech in a stream of samples, in constant memory.

    Args:
        rate: Of the samples, in hertz.
        limits: The lengths of pauses and segments.
        batch_seconds: Seconds that the detector gets at a time: the fewer, the sooner an end is
            known.
    """

    def __init__(
        self, rate: int, limits: SegmentLimits, *, batch_seconds: float = BATCH_SECONDS
    ) -> None:
        self._batch_seconds = batch_seconds
        self._rate = rate
        self._limits = limits
        self._samples = np.empty(0, np.float32)
        self._first = 0  # Position of the first of them in the stream.
        self._probabilities: list[float] = []  # Of speech, for chunks from _chunk on.
        self._chunk = 0
        self._begin: int | None = None  # The first chunk of the current segment.
        self._last = 0  # The last chunk with speech in it.
        self._spoken = 0  # How many chunks in it have speech.
        self._ended = 0  # The chunk behind the last segment that was given.

    @property
    def decided_until(self) -> float:
        """Seconds before which no segment begins any more."""
        chunk = self._next if self._begin is None else self._begin
        # A segment that begins now reaches back by the margin.
        return max(0.0, chunk * STEP - _MARGIN)

    @property
    def speaking(self) -> bool:
        """Whether a segment has begun and not ended."""
        return self._begin is not None

    def add(self, block: Samples) -> list[SpeechSegment]:
        """Takes the next samples, shape (samples,); gives the segments that have ended."""
        self._samples = np.concatenate([self._samples, block])
        found = []
        while self._end - self._sample_of(self._next) >= self._batch_seconds * self._rate:
            found += self._detect(round(self._batch_seconds / STEP))
        return found

    def finish(self) -> list[SpeechSegment]:
        """Gives what is left when the stream has ended."""
        left = self._end - self._sample_of(self._next)
        found = self._detect(-(-left // max(1, round(STEP * self._rate)))) if left > 0 else []
        if self._begin is not None:
            found += self._close(self._last + 1)
        return found

    @property
    def _next(self) -> int:
        return self._chunk + len(self._probabilities)

    @property
    def _end(self) -> int:
        return self._first + len(self._samples)

    def _sample_of(self, chunk: int) -> int:
        return round(chunk * STEP * self._rate)

    def _detect(self, chunks: int) -> list[SpeechSegment]:
        """Runs the detector over the next chunks."""
        context = min(round(_CONTEXT / STEP), len(self._probabilities))
        begin = self._sample_of(self._next - context) - self._first
        end = self._sample_of(self._next + chunks) - self._first
        window = reader.resample(self._samples[begin:end], self._rate, DETECTOR_RATE)
        size = (context + chunks) * CHUNK
        window = np.pad(window[:size], (0, max(0, size - len(window))))
        found = []
        for probability in speech_probabilities(window[None])[0, context:].tolist():
            self._probabilities.append(probability)
            found += self._step(self._next - 1, probability >= SPEECH_THRESHOLD)
        self._drop_old()
        return found

    def _step(self, chunk: int, speech: bool) -> list[SpeechSegment]:
        if speech:
            if self._begin is None:
                self._begin = max(self._ended, chunk - round(_MARGIN / STEP))
                self._spoken = 0
            self._last = chunk
            self._spoken += 1
        if self._begin is None:
            return []
        length, silence = (chunk + 1 - self._begin) * STEP, (chunk - self._last) * STEP
        paused = silence >= self._limits.pause and length - silence >= self._limits.shortest
        if paused or silence >= self._limits.rest:
            return self._close(self._last + 1)
        if length >= self._limits.longest:
            return self._cut(chunk)
        return []

    def _cut(self, chunk: int) -> list[SpeechSegment]:
        """Cuts speech that does not end, at the quietest chunk of its last third."""
        assert self._begin is not None  # noqa: S101
        first = chunk - (chunk - self._begin) // 3
        probabilities = self._probabilities[first - self._chunk : chunk + 1 - self._chunk]
        quietest = first + int(np.argmin(probabilities))
        found = self._segment(self._begin, quietest)
        self._ended = self._begin = quietest
        self._spoken = sum(
            p >= SPEECH_THRESHOLD for p in self._probabilities[quietest - self._chunk :]
        )
        return found

    def _close(self, end: int) -> list[SpeechSegment]:
        assert self._begin is not None  # noqa: S101
        enough = self._spoken * STEP >= MIN_SPEECH_SECONDS
        end = min(end + round(_MARGIN / STEP), self._next)
        found = self._segment(self._begin, end) if enough else []
        self._ended, self._begin = end, None
        return found

    def _segment(self, begin: int, end: int) -> list[SpeechSegment]:
        first, last = self._sample_of(begin), min(self._sample_of(end), self._end)
        samples = self._samples[first - self._first : last - self._first].copy()
        if not len(samples):
            return []
        return [SpeechSegment(first / self._rate, last / self._rate, samples)]

    def _drop_old(self) -> None:
        """Drops what neither a segment nor the detector needs any more."""
        needed = self._next - round(_CONTEXT / STEP)
        if self._begin is not None:
            needed = min(needed, self._begin)
        drop = max(0, needed - self._chunk)
        self._probabilities = self._probabilities[drop:]
        self._chunk += drop
        place = self._sample_of(self._chunk)
        self._samples = self._samples[place - self._first :]
        self._first = place
