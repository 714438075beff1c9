"""Transcription of a stream of samples, utterance by utterance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.text.asr.base import RATE, SpeechRecognizer, Utterance
from ser.text.asr.segmenter import SpeechSegment, SpeechSegmenter
from ser.timeline.window import Word

ENGLISH = "en"


class TranscribedUtterance(NamedTuple):
    """An utterance and its sound.

    Attributes:
        utterance: The words; times in seconds from the start of the recording.
        samples: The sound, shape (samples,), at the rate of the stream.
    """

    utterance: Utterance
    samples: Samples


class Transcriber:
    """Transcribes a stream of samples in constant memory.

    Args:
        recognizer: The speech recognizer.
        rate: Of the samples, in hertz.
        offset: Where in the recording the stream begins, in seconds.
        language: ISO 639-1 code, where it is known.
        translator: Called at the first utterance that is not in English, to get the recognizer
            that translates it; None leaves everything in its own language.
    """

    def __init__(
        self,
        recognizer: SpeechRecognizer,
        rate: int,
        *,
        offset: float = 0.0,
        language: str | None = None,
        translator: Callable[[], SpeechRecognizer] | None = None,
    ) -> None:
        recognizer.reset()
        self._recognizer = recognizer
        self._rate = rate
        self._offset = offset
        self._language = language
        self._open_translator = translator
        self._translator: SpeechRecognizer | None = None
        self._segmenter = SpeechSegmenter(rate, recognizer.limits)

    @property
    def decided_until(self) -> float:
        """Seconds of the recording before which no utterance begins any more."""
        return self._offset + self._segmenter.decided_until

    def add(self, block: Samples) -> list[TranscribedUtterance]:
        """Takes the next samples; gives the utterances that have ended with them."""
        segments = self._segmenter.add(block)
        return [found for segment in segments for found in self._transcribe(segment)]

    def finish(self) -> list[TranscribedUtterance]:
        """Gives the rest when the stream has ended."""
        segments = self._segmenter.finish()
        return [found for segment in segments for found in self._transcribe(segment)]

    def stream(self, blocks: Iterable[Samples]) -> Iterator[TranscribedUtterance]:
        """Gives the utterances of a whole stream as they end."""
        for block in blocks:
            yield from self.add(block)
        yield from self.finish()

    def _transcribe(self, segment: SpeechSegment) -> Iterator[TranscribedUtterance]:
        sound = reader.resample(segment.samples, self._rate, RATE)
        for utterance in self._recognizer.transcribe(sound, self._language):
            begin, end = round(utterance.start * self._rate), round(utterance.end * self._rate)
            samples = segment.samples[begin:end]
            translation = ""
            if utterance.language != ENGLISH and self._open_translator is not None:
                if self._translator is None:
                    self._translator = self._open_translator()
                translation = self._translator.translate(
                    reader.resample(samples, self._rate, RATE), utterance.language
                )
            moved = _shift(utterance, self._offset + segment.start)
            yield TranscribedUtterance(
                replace(moved, translation=translation), np.ascontiguousarray(samples)
            )


def _shift(utterance: Utterance, seconds: float) -> Utterance:
    """Moves an utterance and its words in time."""
    words = tuple(
        Word(word.text, word.start + seconds, word.end + seconds, word.confidence)
        for word in utterance.words
    )
    return replace(
        utterance, start=utterance.start + seconds, end=utterance.end + seconds, words=words
    )
