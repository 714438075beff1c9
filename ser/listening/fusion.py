"""One opinion out of two: the voice's and the words'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ser.errors import SerError
from ser.labels import ordered

# Two names for nearly the same: text models have no word for a calm voice.
_NEUTRAL, _CALM = "neutral", "calm"


@dataclass(frozen=True, slots=True)
class Weights:
    """How much is given to either side.

    Attributes:
        voice: The weight of the voice, 0 or more.
        text: The weight of the words, 0 or more.

    Raises:
        SerError: A weight is negative or not a number, or both are 0.
    """

    voice: float = 0.6
    text: float = 0.4

    def __post_init__(self) -> None:
        """Checks ranges."""
        values = (self.voice, self.text)
        if not all(0 <= value < math.inf for value in values) or sum(values) <= 0:
            raise SerError(
                f"--weights voice={self.voice:g},text={self.text:g}",
                "are no weights",
                "give two numbers of 0 or more, not both 0",
            )

    @property
    def share(self) -> float:
        """The share of the voice, 0 to 1."""
        return self.voice / (self.voice + self.text)


def parse_weights(text: str) -> Weights:
    """Reads ``voice=0.6,text=0.4``; where one is left out, both add up to 1.

    Raises:
        SerError: It is nothing of the kind.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (side.strip() for side in part.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name not in ("voice", "text") or not equals or name in found or math.isnan(number):
            raise SerError(f"--weights {text}", "are no weights", "write voice=0.6,text=0.4")
        found[name] = number
    if len(found) == 1:
        (name, number), *_ = found.items()
        found["text" if name == "voice" else "voice"] = max(0.0, 1 - number)
    return Weights(**found)


def fused_labels(voice: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Gives the labels of a fusion: those of either side."""
    return tuple(ordered({*voice, *words}))


def fuse(
    voice: Mapping[str, float], words: Mapping[str, float], weights: Weights
) -> dict[str, float]:
    """Averages two opinions with weights.

    A label that only one side knows gets nothing from the other. There is one exception: text
    models have no *calm*, and the voice's calm and neutral are both neutral in words. What the
    words give to *neutral* is therefore shared by the two as the voice shares them.

    Args:
        voice: The probability of every label of the voice; may be empty.
        words: Likewise of the words; may be empty, and then the other side decides alone.
        weights: How much either counts.

    Returns:
        The probability of every label of either side, in the order of the vocabulary; empty where
        both are.
    """
    labels = fused_labels(tuple(voice), tuple(words))
    if not voice or not words:
        known = voice or words
        return {label: known.get(label, 0.0) for label in labels}
    told = dict(words)
    if _CALM in voice and _CALM not in words and _NEUTRAL in words:
        still = voice[_CALM] + voice.get(_NEUTRAL, 0.0)
        part = voice[_CALM] / still if still else 0.0
        told[_CALM] = words[_NEUTRAL] * part
        told[_NEUTRAL] = words[_NEUTRAL] * (1 - part)
    share = weights.share
    return {
        label: share * voice.get(label, 0.0) + (1 - share) * told.get(label, 0.0)
        for label in labels
    }
