"""From a stream of samples to passages, as they are said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.text.asr.base import RATE, Passage, Recogniser
from ser.text.asr.segmenter import Cutter, Stretch
from ser.timeline.window import Word

ENGLISH = "en"


class Said(NamedTuple):
    """A passage and its sound.

    Attributes:
        passage: What was said; times in seconds from the start of the recording.
        samples: How, shape (samples,), at the rate of the stream.
    """

    passage: Passage
    samples: Samples


class Transcriber:
    """Writes down a stream of samples, in constant memory.

    Args:
        recogniser: What hears words.
        rate: Of the samples, in hertz.
        offset: Where in the recording the stream begins, seconds.
        language: The language if it is known.
        translator: Called when the first passage that is not in English has been heard, to get what
            translates it; None leaves everything as it was said.
    """

    def __init__(
        self,
        recogniser: Recogniser,
        rate: int,
        *,
        offset: float = 0.0,
        language: str | None = None,
        translator: Callable[[], Recogniser] | None = None,
    ) -> None:
        recogniser.forget()
        self._recogniser = recogniser
        self._rate = rate
        self._offset = offset
        self._language = language
        self._translator = translator
        self._translating: Recogniser | None = None
        self._cutter = Cutter(rate, recogniser.cutting)

    @property
    def settled(self) -> float:
        """Seconds of the recording up to which no passage follows any more."""
        return self._offset + self._cutter.settled

    def add(self, block: Samples) -> list[Said]:
        """Takes the next samples; gives the passages that have ended with them."""
        return [said for stretch in self._cutter.add(block) for said in self._heard(stretch)]

    def finish(self) -> list[Said]:
        """Gives the rest when the stream has ended."""
        return [said for stretch in self._cutter.finish() for said in self._heard(stretch)]

    def _heard(self, stretch: Stretch) -> Iterator[Said]:
        sound = reader.resample(stretch.samples, self._rate, RATE)
        for passage in self._recogniser.transcribe(sound, self._language):
            begin, end = round(passage.start * self._rate), round(passage.end * self._rate)
            samples = stretch.samples[begin:end]
            translation = ""
            if passage.language != ENGLISH and self._translator is not None:
                translation = self._translated(samples, passage.language)
            yield Said(
                _moved(passage, self._offset + stretch.start, translation),
                np.ascontiguousarray(samples),
            )

    def _translated(self, samples: Samples, language: str) -> str:
        if self._translating is None:
            assert self._translator is not None  # noqa: S101
            self._translating = self._translator()
        return self._translating.translate(reader.resample(samples, self._rate, RATE), language)


def _moved(passage: Passage, seconds: float, translation: str) -> Passage:
    words = tuple(
        Word(word.text, word.start + seconds, word.end + seconds, word.confidence)
        for word in passage.words
    )
    return replace(
        passage,
        start=passage.start + seconds,
        end=passage.end + seconds,
        words=words,
        translation=translation,
    )
