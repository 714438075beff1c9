"""The emotion of a text by a list of words: small, immediate, and simple-minded.

Every phrase of ``lexicon.tsv`` that stands in a text counts for its emotion: more after a word such
as *very*, less after one such as *slightly*. What is negated counts half, and for none of the
emotions: *not angry* is neutral; only *not happy* is a little sad. What stands before a *but*
counts half. Irony, stories and everything that is said without a word from the list are beyond it;
benchmarks/words.py measures how far.

The rules are those of word-list methods since General Inquirer (Stone et al. 1966) and VADER (Hutto
and Gilbert, ICWSM 2014); the list itself was written for this project.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from pathlib import Path

from ser.text.emotion.base import LabelProbabilities

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised")
"""The emotions of the list, and neutral for what it says nothing about."""

_LIST = Path(__file__).with_name("lexicon.tsv")

# A text without any of the words is neutral with probability 0.77. One word of strength 1 leaves
# it so, one of strength 2 does not.
_NEUTRAL, _ANY = 1.0, 0.05

_STRONGER = {
    "so", "very", "really", "extremely", "absolutely", "totally", "completely", "utterly",
    "deeply", "truly", "too", "such",
}  # fmt: skip
_WEAKER = {"slightly", "somewhat", "bit", "little", "rather", "fairly", "kinda"}
_NEGATIONS = {
    "not", "no", "never", "nobody", "nothing", "neither", "nor", "without", "hardly", "barely",
    "cannot", "ain't",
}  # fmt: skip
_RAISED, _LOWERED, _NEGATED, _BEFORE_BUT = 1.5, 0.5, 0.5, 0.5

# How many words before a phrase may change it.
_NEAR, _NEGATION_NEAR = 2, 3

_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|[.,;:!?]")
_ENDS = set(".,;:!?")


class LexiconClassifier:
    """The built-in classifier of English texts; needs no download and no package.

    Raises:
        OSError: The list that comes with the package is not there.
    """

    name = "word list"
    labels = LABELS
    languages = frozenset({"en"})

    def __init__(self) -> None:
        self._phrases = _phrases()

    def classify(self, texts: Sequence[str]) -> list[LabelProbabilities]:
        """Gives the probability of every label for each text, in the order of `labels`."""
        return [self._classify_one(text) for text in texts]

    def _classify_one(self, text: str) -> LabelProbabilities:
        scores = {label: _NEUTRAL if label == "neutral" else _ANY for label in LABELS}
        emphasis = 1.2 if "!" in text else 1.0
        clause: list[str] = []
        tokens = [*_TOKEN.findall(text.lower().replace("’", "'")), "."]
        for token in tokens:
            if token in _ENDS:
                self._score_clause(clause, scores, emphasis)
                clause = []
            elif token == "but":  # noqa: S105  # a word and no password
                self._score_clause(clause, scores, emphasis)
                clause = []
                for label in LABELS[1:]:
                    scores[label] = _ANY + (scores[label] - _ANY) * _BEFORE_BUT
            else:
                clause.append(token)
        total = sum(scores.values())
        return {label: score / total for label, score in scores.items()}

    def _score_clause(self, clause: list[str], scores: dict[str, float], emphasis: float) -> None:
        """Adds the scores of the phrases of one clause."""
        place = 0
        while place < len(clause):
            length, label, strength = self._longest_match(clause, place)
            if length:
                before = clause[max(0, place - _NEGATION_NEAR) : place]
                weight = strength * emphasis * _modifier(before[-_NEAR:])
                if any(_negates(word) for word in before):
                    label = "sad" if label == "happy" else "neutral"
                    weight *= _NEGATED
                scores[label] += weight
            place += max(1, length)

    def _longest_match(self, clause: list[str], place: int) -> tuple[int, str, float]:
        """Finds the longest phrase that begins at a place: its length, emotion and strength."""
        best = (0, "", 0.0)
        for size in range(1, min(_longest_phrase(), len(clause) - place) + 1):
            words = clause[place : place + size]
            found = self._match(words)
            if found is not None:
                best = (size, *found)
        return best

    def _match(self, words: list[str]) -> tuple[str, float] | None:
        text = " ".join(words)
        exact = self._phrases.get(text)
        if exact is not None:
            return exact
        # A star stands for any ending: the longest beginning that is in the list.
        for end in range(len(text), len(text) - len(words[-1]) + 1, -1):
            started = self._phrases.get(text[:end] + "*")
            if started is not None:
                return started
        return None


def _modifier(before: list[str]) -> float:
    factor = 1.0
    for word in before:
        factor *= _RAISED if word in _STRONGER else _LOWERED if word in _WEAKER else 1.0
    return factor


def _negates(word: str) -> bool:
    return word in _NEGATIONS or word.endswith("n't")


@functools.cache
def _phrases() -> dict[str, tuple[str, float]]:
    rows = (line.split("\t") for line in _LIST.read_text(encoding="utf-8").splitlines())
    return {row[2]: (row[0], float(row[1])) for row in rows if not row[0].startswith("#")}


@functools.cache
def _longest_phrase() -> int:
    return max(phrase.count(" ") + 1 for phrase in _phrases())
