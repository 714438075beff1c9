"""One opinion out of two: the voice's and the words'."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ser.errors import SerError
from ser.labels import ordered
from ser.text.asr.base import Passage
from ser.text.emotion.base import WordsModel
from ser.timeline.window import EmotionEstimate, SpokenText, Word

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


# Where a voice contradicts its words: said calmly, "I am furious".

ADVERBS: Mapping[str, str] = MappingProxyType(
    {
        "neutral": "neutrally",
        "calm": "calmly",
        "happy": "happily",
        "sad": "sadly",
        "angry": "angrily",
        "fearful": "fearfully",
        "disgust": "with disgust",
        "surprised": "with surprise",
        "boredom": "with boredom",
        "contempt": "with contempt",
        "excited": "excitedly",
        "frustrated": "with frustration",
        "sarcastic": "sarcastically",
    }
)
"""How something is said in each emotion."""

SURE = 0.4
"""How probable either side's emotion has to be."""

UNLIKELY = 0.2
"""How little the voice has to think of what the words say."""

# Plain words are said in every emotion, and contradict none.
_PLAIN = frozenset({"neutral", "calm"})


def disagreement(voice: Mapping[str, float], words: Mapping[str, float], text: str) -> str:
    """Says where voice and words contradict each other.

    They do if the words have an emotion, the voice has another, both are fairly sure (`SURE`), and
    the voice hardly has that of the words (`UNLIKELY`). Neutral words are no contradiction: most
    of what is said in any emotion is said in such.

    Args:
        voice: The probability of every label of the voice; may be empty.
        words: Likewise of the words.
        text: What was said.

    Returns:
        ``said calmly: "I am furious"``, or an empty text.
    """
    if not voice or not words or not text:
        return ""
    heard = max(voice, key=lambda name: voice[name])
    read = max(words, key=lambda name: words[name])
    sure = voice[heard] >= SURE and words[read] >= SURE
    if read in _PLAIN or read == heard or not sure or voice.get(read, 0.0) > UNLIKELY:
        return ""
    return f'said {ADVERBS.get(heard, f"in a voice of {heard}")}: "{text}"'


# From words and a voice to what the timeline says about both.


class Judge:
    """Puts the emotion of words beside that of a voice.

    Args:
        model: Reads the emotion of words.
        weights: For the fusion.

    Attributes:
        labels: The labels of the words.
    """

    def __init__(self, model: WordsModel, weights: Weights) -> None:
        self._model = model
        self._weights = weights
        self.labels = model.labels

    def read(self, passages: Sequence[Passage]) -> list[dict[str, float]]:
        """Gives the probability of every label for the words of each passage.

        Of what was translated, the translation is read.
        """
        texts = [self._readable(passage) for passage in passages]
        known = [text for text in texts if text]
        found = iter(self._model.classify(known) if known else ())
        return [next(found) if text else {} for text in texts]

    def judge(
        self,
        text: str,
        passage: Passage | None,
        words: Mapping[str, float],
        voice: Mapping[str, float],
        times: Sequence[Word] = (),
    ) -> SpokenText:
        """Puts everything together.

        Args:
            text: What was said.
            passage: The passage it is from, for language and translation; None where nothing was.
            words: The probability of every label of the words; empty where there are none.
            voice: Likewise of the voice.
            times: The words one by one.
        """
        return SpokenText(
            text=text,
            language=passage.language if passage else "",
            translation=passage.translation if passage else "",
            times=tuple(Word(w.text, w.start, w.end, w.confidence) for w in times),
            words=EmotionEstimate.from_probabilities(words),
            fused=EmotionEstimate.from_probabilities(fuse(voice, words, self._weights)),
            disagreement=disagreement(
                voice, words, (passage.translation if passage else "") or text
            ),
        )

    def fused(self, voice: Sequence[str]) -> tuple[str, ...]:
        """Gives the labels of the fusion with a voice of these labels."""
        return fused_labels(voice, self.labels)

    def _readable(self, passage: Passage) -> str:
        if passage.translation:
            return passage.translation
        languages = self._model.languages
        # What a model cannot read is no neutral text, but none.
        return passage.text if not languages or passage.language in languages else ""
