"""The emotion vocabulary, its aliases, and maps between corpora.

Corpora spell the same emotion differently (``fear``, ``FEA``, ``fearful``, ``A`` for *Angst*); a
model can only be trained on two of them when the names agree. The eight common names are those of
RAVDESS, because its set is the largest; a corpus may add names of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from ser.errors import LabelError, ParameterError, choose_from

if TYPE_CHECKING:
    from ser.arrays import Counts

COMMON: tuple[str, ...] = (
    "neutral",
    "calm",
    "happy",
    "sad",
    "angry",
    "fearful",
    "disgust",
    "surprised",
)
"""The common vocabulary, in the order of the RAVDESS codes 01 to 08 (0 to 7 in older projects)."""

SPECIFIC: tuple[str, ...] = ("boredom", "contempt", "excited", "frustrated", "sarcastic")
"""Names that one corpus or another adds to the common ones."""

ALIASES = MappingProxyType(
    {
        "neutrality": "neutral",
        "neu": "neutral",
        "calmness": "calm",
        "relaxed": "calm",
        "happiness": "happy",
        "hap": "happy",
        "joy": "happy",
        "joyful": "happy",
        "sadness": "sad",
        "anger": "angry",
        "ang": "angry",
        "mad": "angry",
        "fear": "fearful",
        "fea": "fearful",
        "afraid": "fearful",
        "scared": "fearful",
        "anxiety": "fearful",
        "anxious": "fearful",
        "disgusted": "disgust",
        "dis": "disgust",
        "surprise": "surprised",
        "sur": "surprised",
        "ps": "surprised",
        "pleasant_surprise": "surprised",
        "pleasant_surprised": "surprised",
        "bored": "boredom",
        "excitement": "excited",
        "frustration": "frustrated",
        "sarcasm": "sarcastic",
    }
)
"""Other spellings, each to the name that tables use."""

RAVDESS_CODES = MappingProxyType({f"{i:02d}": name for i, name in enumerate(COMMON, start=1)})
"""RAVDESS file names write 01 to 08; projects that label with 0 to 7 count from the same list."""


def is_known(name: str) -> bool:
    """Says whether `name` is a vocabulary name or an alias of one."""
    key = _key(name)
    return key in COMMON or key in SPECIFIC or key in ALIASES


def canonical(name: str, *, strict: bool = True) -> str:
    """Gives the table's name for an emotion.

    Args:
        name: Any spelling: ``"Fear"``, ``"pleasant surprise"``, ``"angry"``. Empty stays empty,
            which means that the emotion is not known.
        strict: Refuse names outside the vocabulary; otherwise they pass in lower case.

    Returns:
        The canonical name.

    Raises:
        LabelError: `strict` and the name is not known.

    Examples:
        >>> canonical("Pleasant surprise")
        'surprised'
    """
    key = _key(name)
    if not key:
        return ""
    key = ALIASES.get(key, key)
    if strict and key not in COMMON and key not in SPECIFIC:
        raise LabelError(
            name, "is not an emotion that ser knows", choose_from(name, COMMON + SPECIFIC)
        )
    return key


def ordered(names: Iterable[str]) -> list[str]:
    """Sorts emotion names: the common vocabulary first and in its order, then the rest by letter.

    Examples:
        >>> ordered({"boredom", "angry", "neutral"})
        ['neutral', 'angry', 'boredom']
    """
    unique = set(names)
    return [n for n in COMMON if n in unique] + sorted(unique - set(COMMON))


def parse_map(pairs: Sequence[str]) -> dict[str, str]:
    """Reads ``old=new`` pairs as given on a command line.

    Args:
        pairs: Strings such as ``"calm=neutral"``; one string may hold several, with commas.

    Returns:
        Old names to new ones, both canonical. An empty new name (``calm=``) is not allowed.

    Raises:
        ParameterError: A pair has no ``=`` or an empty side.
    """
    result: dict[str, str] = {}
    for pair in (part for text in pairs for part in text.split(",")):
        old, equals, new = (side.strip() for side in pair.partition("="))
        if not (old and equals and new):
            raise ParameterError("map", "is not a pair OLD=NEW", "write calm=neutral, say", pair)
        result[canonical(old, strict=False)] = canonical(new, strict=False)
    return result


def _key(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())


def label_indices(y: Sequence[str], labels: Sequence[str]) -> Counts:
    """Gives the position of each emotion among the labels.

    Raises:
        LabelError: An emotion is not among them.
    """
    import numpy as np

    position = {name: i for i, name in enumerate(labels)}
    unknown = sorted({str(name) for name in y} - set(position))
    if unknown:
        first = unknown[0] or "(no label)"
        raise LabelError(
            ", ".join(name or "(no label)" for name in unknown),
            f"is not among the model's labels ({', '.join(labels)})",
            f"rename it with ser-merge --map {first}=NAME or leave it out with --drop {first}",
        )
    return np.array([position[str(name)] for name in y], np.int64)


NO_SPEECH = "no speech"
"""What stands for an emotion where nobody speaks."""


UNCERTAIN = "uncertain"
"""What stands for an emotion where the model is too little sure of any."""


NOT_EMOTIONS = frozenset({NO_SPEECH, UNCERTAIN})
"""What `Window.emotion` may hold beside the model's labels."""
