"""What every text emotion classifier is and gives, and how foreign labels become ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ser.labels import canonical, ordered

LabelProbabilities = dict[str, float]
"""The probability of every label; they add up to 1."""


class TextClassifier(Protocol):
    """A classifier of the emotion of texts."""

    @property
    def name(self) -> str:
        """The classifier's name in messages."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Its labels, in the spelling of `ser.labels` where they are known there."""

    @property
    def languages(self) -> frozenset[str]:
        """The languages that it reads, as ISO 639-1 codes; empty for any."""

    def classify(self, texts: Sequence[str]) -> list[LabelProbabilities]:
        """Gives the probability of every label for each text, in the order of `labels`."""


def common_names(names: Iterable[str]) -> dict[str, str]:
    """Maps the labels of a foreign model onto the common vocabulary.

    ``joy`` becomes ``happy``, ``anger`` becomes ``angry``; what the vocabulary does not know keeps
    its name, in lower case.

    Returns:
        The model's names to ours, the latter in the order of the vocabulary.
    """
    found = {name: canonical(name, strict=False) for name in names}
    places = {ours: place for place, ours in enumerate(ordered(found.values()))}
    return dict(sorted(found.items(), key=lambda pair: places[pair[1]]))


def normalize_scores(scores: Mapping[str, float], names: Mapping[str, str]) -> LabelProbabilities:
    """Turns a foreign model's scores into probabilities of our labels.

    Scores of labels that become the same label are added. A model that gives several labels at
    once has scores with any sum: they are divided by it.

    Args:
        scores: A score, 0 or more, of each of the model's labels.
        names: From `common_names`.
    """
    result = dict.fromkeys(names.values(), 0.0)
    for name, ours in names.items():
        result[ours] += scores.get(name, 0.0)
    total = sum(result.values())
    if total <= 0:
        return dict.fromkeys(result, 1 / len(result))
    return {name: value / total for name, value in result.items()}
