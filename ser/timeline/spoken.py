"""What was said in one stretch of a recording, and which emotion is in the words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class SpokenWord(NamedTuple):
    """One word.

    Attributes:
        text: As it is written.
        start: Seconds from the start of the file.
        end: Likewise.
        confidence: The recogniser's probability that it is right, 0 to 1.
    """

    text: str
    start: float
    end: float
    confidence: float


class Opinion(NamedTuple):
    """What is thought of a stretch, by its words or by voice and words together.

    Attributes:
        emotion: The most probable label; empty where there is nothing to go by.
        confidence: Its probability, 0 to 1.
        probabilities: The probability of every label; empty where there is nothing to go by.
    """

    emotion: str
    confidence: float
    probabilities: Mapping[str, float]


NO_OPINION = Opinion("", 0.0, {})
"""Where nothing was said."""


def opinion(probabilities: Mapping[str, float]) -> Opinion:
    """Makes an opinion of the probability of every label."""
    if not probabilities:
        return NO_OPINION
    best = max(probabilities, key=lambda name: probabilities[name])
    return Opinion(best, probabilities[best], dict(probabilities))


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words of a window, and their emotion.

    Attributes:
        text: What was said, in its language; empty where nothing was.
        language: ISO 639-1 code; empty where nothing was said.
        translation: The same in English, where it was translated.
        times: The words one by one, where the recogniser gave them.
        words: The emotion of the words.
        fused: The emotion of voice and words together.
        disagreement: Says so where voice and words contradict each other, otherwise empty.
    """

    text: str = ""
    language: str = ""
    translation: str = ""
    times: tuple[SpokenWord, ...] = ()
    words: Opinion = NO_OPINION
    fused: Opinion = NO_OPINION
    disagreement: str = ""
