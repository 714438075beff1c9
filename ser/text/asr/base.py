"""What every speech recognizer is and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ser.arrays import Samples
from ser.timeline.window import Word

RATE = 16_000
"""The sample rate of recognizers, in hertz."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One utterance: a sentence, or the speech between two pauses.

    Attributes:
        start: Seconds from the start of the recording.
        end: Likewise.
        text: The words, in the language that was spoken.
        language: ISO 639-1 code of the language, such as ``en``.
        words: The words with their times; may be empty where a recognizer has none.
        translation: The words in English, where another language was translated.
    """

    start: float
    end: float
    text: str
    language: str
    words: tuple[Word, ...] = ()
    translation: str = ""


@dataclass(frozen=True, slots=True)
class SegmentLimits:
    """How speech is divided into segments for a recognizer; all in seconds.

    Attributes:
        pause: A silence of this length ends a segment of at least `shortest`.
        shortest: The least length of a segment that a pause ends.
        rest: A silence of this length ends a segment of any length.
        longest: Speech that goes on for longer is cut at its quietest moment.
    """

    pause: float
    shortest: float
    rest: float
    longest: float


class SpeechRecognizer(Protocol):
    """A model that turns speech into text."""

    @property
    def name(self) -> str:
        """The recognizer's name in messages."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it knows, as ISO 639-1 codes; empty for many."""

    @property
    def limits(self) -> SegmentLimits:
        """How speech is divided for it."""

    @property
    def translates(self) -> bool:
        """Whether it can translate speech into English."""

    def reset(self) -> None:
        """Begins another recording: a language that was detected in the last one is forgotten."""

    def transcribe(self, samples: Samples, language: str | None) -> list[Utterance]:
        """Transcribes one segment of speech.

        Args:
            samples: At `RATE`, shape (samples,).
            language: ISO 639-1 code, where it is known.

        Returns:
            Passages in order; times count from the start of the segment.
        """

    def translate(self, samples: Samples, language: str) -> str:
        """Translates one segment of speech into English.

        Args:
            samples: At `RATE`, shape (samples,).
            language: The language that is spoken, ISO 639-1.
        """
