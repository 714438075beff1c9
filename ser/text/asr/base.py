"""The contract of every speech recogniser, and what it hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ser.arrays import Samples
from ser.timeline.window import Word

RATE = 16_000
"""Hertz at which recognisers listen."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What was said in one go: a sentence, or what lies between two pauses.

    Attributes:
        start: Seconds from the start of the recording.
        end: Likewise.
        text: What was said, in the language it was said in.
        language: Its ISO 639-1 code, such as ``en``.
        words: The words with their times; may be empty where a recogniser has none.
        translation: The same in English, where it was not English and could be translated.
    """

    start: float
    end: float
    text: str
    language: str
    words: tuple[Word, ...] = ()
    translation: str = ""

    @property
    def english(self) -> str:
        """What was said in English, or as it was said where there is no translation."""
        return self.translation or self.text


@dataclass(frozen=True, slots=True)
class Cutting:
    """What lengths a recogniser likes best.

    Attributes:
        pause: A silence of so many seconds ends a stretch of speech,
        shortest: if the stretch has so many seconds.
        rest: A silence that ends it in any case.
        longest: Where speech goes on for longer, it is cut at the quietest moment.
    """

    pause: float
    shortest: float
    rest: float
    longest: float


class Recogniser(Protocol):
    """Something that turns speech into text."""

    @property
    def name(self) -> str:
        """What it is called in messages."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages it understands, as ISO 639-1 codes; empty for many."""

    @property
    def cutting(self) -> Cutting:
        """How speech is to be cut for it."""

    @property
    def translates(self) -> bool:
        """Whether it can give in English what was said in another language."""

    def forget(self) -> None:
        """Begins with another recording: what was guessed of the last is forgotten."""

    def transcribe(self, samples: Samples, language: str | None) -> list[Passage]:
        """Writes down one stretch of speech.

        Args:
            samples: At `RATE`, shape (samples,).
            language: The language if it is known.

        Returns:
            Passages in order; times count from the start of the stretch.
        """

    def translate(self, samples: Samples, language: str) -> str:
        """Writes down in English what is said in another language.

        Args:
            samples: At `RATE`, shape (samples,).
            language: What it is said in.
        """
