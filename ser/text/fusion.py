"""Fusion: the emotion of a voice and that of its words, and where they contradict each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ser.errors import ParameterError
from ser.labels import ordered
from ser.text.asr.base import Utterance
from ser.text.emotion.base import TextClassifier
from ser.timeline.window import EmotionEstimate, SpokenText, Word

# Text classifiers have no label for a calm voice: their neutral text may be either.
_NEUTRAL, _CALM = "neutral", "calm"


@dataclass(frozen=True, slots=True)
class FusionWeights:
    """The weights of voice and words in the fusion.

    Attributes:
        voice: The weight of the voice, 0 or more.
        text: The weight of the words, 0 or more.

    Raises:
        ParameterError: A weight is negative or not a number, or both are 0.
    """

    voice: float = 0.6
    text: float = 0.4

    def __post_init__(self) -> None:
        """Checks ranges."""
        values = (self.voice, self.text)
        if not all(0 <= value < math.inf for value in values) or sum(values) <= 0:
            raise ParameterError(
                "weights",
                "are no weights",
                "give two numbers of 0 or more, not both 0",
                f"voice={self.voice:g},text={self.text:g}",
            )

    @property
    def voice_share(self) -> float:
        """The share of the voice in the sum of both weights, 0 to 1."""
        return self.voice / (self.voice + self.text)


def parse_weights(text: str) -> FusionWeights:
    """Reads ``voice=0.6,text=0.4``; where one is left out, both add up to 1.

    Raises:
        ParameterError: The text is not of this form.
    """
    found: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (side.strip() for side in part.partition("="))
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if name not in ("voice", "text") or not equals or name in found or math.isnan(number):
            raise ParameterError("weights", "are no weights", "write voice=0.6,text=0.4", text)
        found[name] = number
    if len(found) == 1:
        (name, number), *_ = found.items()
        found["text" if name == "voice" else "voice"] = max(0.0, 1 - number)
    return FusionWeights(**found)


def fused_labels(voice: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Gives the labels of a fusion: those of the voice and those of the words."""
    return tuple(ordered({*voice, *words}))


def fuse(
    voice: Mapping[str, float], words: Mapping[str, float], weights: FusionWeights
) -> dict[str, float]:
    """Averages the probabilities of voice and words with weights.

    A label that only one of them has gets nothing from the other, with one exception: text
    classifiers have no *calm*, and the voice's calm and neutral are both neutral in words. What
    the words give to *neutral* is therefore divided between the two as the voice divides them.

    Args:
        voice: The probability of every label of the voice; may be empty.
        words: Likewise of the words; may be empty, and then the other decides alone.
        weights: The weights.

    Returns:
        The probability of every label of both, in the order of the vocabulary; empty where both
        are empty.
    """
    labels = fused_labels(tuple(voice), tuple(words))
    if not voice or not words:
        known = voice or words
        return {label: known.get(label, 0.0) for label in labels}
    text = dict(words)
    if _CALM in voice and _CALM not in words and _NEUTRAL in words:
        quiet = voice[_CALM] + voice.get(_NEUTRAL, 0.0)
        part = voice[_CALM] / quiet if quiet else 0.0
        text[_CALM] = words[_NEUTRAL] * part
        text[_NEUTRAL] = words[_NEUTRAL] * (1 - part)
    share = weights.voice_share
    return {
        label: share * voice.get(label, 0.0) + (1 - share) * text.get(label, 0.0)
        for label in labels
    }


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

MIN_PROBABILITY = 0.4
"""How probable the emotions of voice and words must be to contradict each other."""

MAX_SHARED = 0.2
"""The probability up to which the voice may have the emotion of the words."""

# Plain words are said in every emotion, and contradict none.
_PLAIN = frozenset({"neutral", "calm"})


def disagreement(voice: Mapping[str, float], words: Mapping[str, float], text: str) -> str:
    """Remarks where voice and words contradict each other.

    They do if the words have an emotion, the voice has another, both are probable
    (`MIN_PROBABILITY`), and that of the words is improbable in the voice (`MAX_SHARED`). Neutral
    words contradict nothing: most of what is said in any emotion has them.

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
    sure = voice[heard] >= MIN_PROBABILITY and words[read] >= MIN_PROBABILITY
    if read in _PLAIN or read == heard or not sure or voice.get(read, 0.0) > MAX_SHARED:
        return ""
    return f'said {ADVERBS.get(heard, f"in a voice of {heard}")}: "{text}"'


class TextFusion:
    """Classifies the emotion of words, and fuses it with that of a voice.

    Args:
        model: The text classifier.
        weights: For the fusion.

    Attributes:
        labels: The labels of the words.
    """

    def __init__(self, model: TextClassifier, weights: FusionWeights) -> None:
        self._model = model
        self._weights = weights
        self.labels = model.labels

    def classify(self, utterances: Sequence[Utterance]) -> list[dict[str, float]]:
        """Gives the probability of every label for the words of each utterance.

        Where there is a translation it is classified; a language that the classifier does not know
        gives no probabilities.
        """
        texts = [self._text_of(utterance) for utterance in utterances]
        known = [text for text in texts if text]
        found = iter(self._model.classify(known) if known else ())
        return [next(found) if text else {} for text in texts]

    def combine(
        self,
        text: str,
        utterance: Utterance | None,
        words: Mapping[str, float],
        voice: Mapping[str, float],
        times: Sequence[Word] = (),
    ) -> SpokenText:
        """Puts the words, their emotion and the fusion together.

        Args:
            text: The words.
            utterance: The utterance that they are from, for language and translation; None where
                there are no words.
            words: The probability of every label of the words; empty where there are none.
            voice: Likewise of the voice.
            times: The words one by one.
        """
        return SpokenText(
            text=text,
            language=utterance.language if utterance else "",
            translation=utterance.translation if utterance else "",
            times=tuple(Word(w.text, w.start, w.end, w.confidence) for w in times),
            words=EmotionEstimate.from_probabilities(words),
            fused=EmotionEstimate.from_probabilities(fuse(voice, words, self._weights)),
            disagreement=disagreement(
                voice, words, (utterance.translation if utterance else "") or text
            ),
        )

    def fused_labels(self, voice: Sequence[str]) -> tuple[str, ...]:
        """Gives the labels of the fusion with a voice of these labels."""
        return fused_labels(voice, self.labels)

    def _text_of(self, utterance: Utterance) -> str:
        if utterance.translation:
            return utterance.translation
        languages = self._model.languages
        # A text that the classifier cannot read is not neutral: it has no emotion.
        return utterance.text if not languages or utterance.language in languages else ""
