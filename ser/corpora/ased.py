"""ASED: the Amharic Speech Emotion Dataset.

Retta et al. (2022), ACM TALLIP, doi:10.1145/3529759. 2474 clips of 65 volunteers, five emotions. A
name says emotion, sentence, repetition, sex and speaker:

    01Neutral/n1-01-02-02-17.wav

Sentences 01 and 02 are spoken in every emotion, 03 to 07 in one of them alone. The length of the
published clips gives their emotion away, and so does their level: see docs/corpora.md.
"""

from __future__ import annotations

import re
from pathlib import Path

from ser.corpora.base import Clip, Corpus

_NAME = re.compile(
    r"(?P<emotion>n1|f2|h3|s4|a5)-(?P<sentence>0[1-7])-(?P<repetition>0[1-9])"
    r"-(?P<sex>0[12])-(?P<speaker>0[1-9]|[1-5]\d|6[0-5])",
    re.IGNORECASE,
)
_EMOTIONS = {"n": "neutral", "f": "fearful", "h": "happy", "s": "sad", "a": "angry"}
_SHARED = frozenset({"01", "02"})

# The sex is mistyped in one clip each of these women.
_WOMEN = frozenset({"09", "15", "21", "23", "25"})


class ASED(Corpus):
    """Reads ASED."""

    name = "ased"

    def parse(self, path: Path) -> Clip | None:
        """Reads the five parts of a name."""
        match = _NAME.fullmatch(path.stem)
        if not match:
            return None
        code = match["emotion"][0].lower()
        sentence, speaker = match["sentence"], match["speaker"]
        woman = match["sex"] == "01" or speaker in _WOMEN
        return Clip(
            path,
            emotion=_EMOTIONS[code],
            speaker=speaker,
            corpus=self.name,
            text=sentence if sentence in _SHARED else f"{code}{sentence}",
            gender="female" if woman else "male",
        )
