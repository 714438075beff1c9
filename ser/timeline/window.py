"""The record of a timeline: one window of a recording, with its emotion and its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from ser.labels import NOT_EMOTIONS


class Word(NamedTuple):
    """One word of a transcript.

    Attributes:
        text: The word as it is written.
        start: Seconds from the start of the recording.
        end: Likewise.
        confidence: The recognizer's probability that the word is right, 0 to 1.
    """

    text: str
    start: float
    end: float
    confidence: float


class EmotionEstimate(NamedTuple):
    """An emotion and its probabilities, from words, or from voice and words together.

    Attributes:
        emotion: The most probable label; empty where there are no probabilities.
        confidence: Its probability, 0 to 1.
        probabilities: The probability of every label; may be empty.
    """

    emotion: str
    confidence: float
    probabilities: Mapping[str, float]

    @classmethod
    def from_probabilities(cls, probabilities: Mapping[str, float]) -> Self:
        """Takes the most probable label; gives `NO_ESTIMATE` where there is none."""
        if not probabilities:
            return cls("", 0.0, {})
        best = max(probabilities, key=lambda name: probabilities[name])
        return cls(best, probabilities[best], dict(probabilities))


NO_ESTIMATE = EmotionEstimate("", 0.0, {})
"""The estimate where nothing was said."""


@dataclass(frozen=True, slots=True)
class SpokenText:
    """The words of a window and their emotion.

    Attributes:
        text: What was said, in its own language; empty where nothing was said.
        language: ISO 639-1 code of the language; empty where nothing was said.
        translation: `text` in English, where it was translated.
        times: The words one by one, where the recognizer gave them.
        words: The emotion of the words.
        fused: The emotion of voice and words together.
        disagreement: A remark where voice and words contradict each other, otherwise empty.
    """

    text: str = ""
    language: str = ""
    translation: str = ""
    times: tuple[Word, ...] = ()
    words: EmotionEstimate = NO_ESTIMATE
    fused: EmotionEstimate = NO_ESTIMATE
    disagreement: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """The emotion of one window of a recording.

    Attributes:
        file: The recording's path as the user gave it, or ``-``.
        start: Seconds from the start of the file.
        end: Seconds from the start of the file.
        emotion: The most probable label, `ser.labels.UNCERTAIN` or `ser.labels.NO_SPEECH`.
        confidence: The probability of the most probable label, 0 to 1; 0 without speech.
        probabilities: The probability of every label of the model, in the model's order; empty
            without speech.
        spoken: The words, where they were transcribed; see `ser.text`.
        channel: The channel that was heard, from 1; None for the mixture of all.
        prediction_set: The emotions among which the true one is with the coverage that was asked
            for, the most probable first; empty for none of them, None where no set was asked for
            or nobody speaks. See `ser.models.conformal`.
        speaker: Who speaks, where that is known; None where nobody asked.
    """

    file: str
    start: float
    end: float
    emotion: str
    confidence: float
    probabilities: Mapping[str, float]
    spoken: SpokenText | None = None
    channel: int | None = None
    prediction_set: tuple[str, ...] | None = None
    speaker: str | None = None


Voice = tuple[int | None, str | None]
"""The channel and the speaker of a record: voices that are told apart."""


def voice_of(record: HasVoice) -> Voice:
    """Gives the channel and the speaker of a window or a summary."""
    return record.channel, record.speaker


def voice_order(voice: Voice) -> tuple[int, str]:
    """Gives what to sort voices by: channels by number, speakers by name."""
    return voice[0] or 0, voice[1] or ""


class HasVoice(Protocol):
    """A record that may name its channel and its speaker."""

    @property
    def channel(self) -> int | None:
        """The channel, from 1."""

    @property
    def speaker(self) -> str | None:
        """The speaker's name."""


RankedLabel = tuple[str, float]
"""A label and its probability."""


def top_labels(window: Window, count: int) -> list[RankedLabel]:
    """Gives the most probable labels of a window, the most probable first.

    The window's own emotion comes first whatever its probability: smoothed and joined windows may
    have another emotion than their probabilities alone would give.

    Args:
        window: Any window; one without speech has no labels.
        count: How many labels at most, at least 1.
    """
    first: list[RankedLabel] = []
    if window.emotion not in NOT_EMOTIONS:
        first.append((window.emotion, window.confidence))
    others = [item for item in window.probabilities.items() if item[0] != window.emotion]
    return (first + sorted(others, key=lambda item: -item[1]))[:count]


def format_label(label: RankedLabel) -> str:
    """Writes a label and its probability: ``angry 0.83``."""
    return f"{label[0]} {label[1]:.2f}"
