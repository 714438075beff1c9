"""Where a voice contradicts its words: said calmly, "I am furious"."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
