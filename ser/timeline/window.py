"""One line of a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ser.labels import NOT_EMOTIONS

# What was said in one stretch of a recording, and which emotion is in the words.


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


@dataclass(frozen=True, slots=True)
class Window:
    """The emotion of one stretch of a recording.

    Attributes:
        file: The recording's path as the user gave it, or ``-``.
        start: Seconds from the start of the file.
        end: Seconds from the start of the file.
        emotion: The most probable label, `UNCERTAIN` or `NO_SPEECH`.
        confidence: The probability of the most probable label, 0 to 1; 0 where nobody speaks.
        probabilities: The probability of every label of the model, in the model's order; empty
            where nobody speaks.
        spoken: What was said, where that was listened to; see `ser.text`.
    """

    file: str
    start: float
    end: float
    emotion: str
    confidence: float
    probabilities: Mapping[str, float]
    spoken: Spoken | None = None


# The most probable labels of a window.

Leading = tuple[str, float]
"""A label and its probability."""


def leading(window: Window, top: int) -> list[Leading]:
    """Gives the most probable labels, in falling order.

    The window's own emotion comes first whatever its probability: smoothed and joined windows may
    have another one than the plain probabilities say.

    Args:
        window: Any window; where nobody speaks it has none.
        top: How many labels, at least 1.
    """
    own: list[Leading] = []
    if window.emotion not in NOT_EMOTIONS:
        own.append((window.emotion, window.confidence))
    others = [item for item in window.probabilities.items() if item[0] != window.emotion]
    return (own + sorted(others, key=lambda item: -item[1]))[:top]


def named(label: Leading) -> str:
    """Writes a label and its probability: ``angry 0.83``."""
    return f"{label[0]} {label[1]:.2f}"
