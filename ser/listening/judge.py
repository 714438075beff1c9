"""From words and a voice to what the timeline says about both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ser.listening.disagreement import disagreement
from ser.listening.fusion import Weights, fuse, fused_labels
from ser.timeline.spoken import NO_OPINION, Spoken, SpokenWord, opinion
from ser.transcript.base import Passage, Word
from ser.words.base import WordsModel


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
    ) -> Spoken:
        """Puts everything together.

        Args:
            text: What was said.
            passage: The passage it is from, for language and translation; None where nothing was.
            words: The probability of every label of the words; empty where there are none.
            voice: Likewise of the voice.
            times: The words one by one.
        """
        return Spoken(
            text=text,
            language=passage.language if passage else "",
            translation=passage.translation if passage else "",
            times=tuple(SpokenWord(w.text, w.start, w.end, w.confidence) for w in times),
            words=opinion(words) if words else NO_OPINION,
            fused=opinion(fuse(voice, words, self._weights)),
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
