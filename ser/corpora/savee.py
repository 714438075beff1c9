"""SAVEE: Surrey Audio-Visual Expressed Emotion.

Haq and Jackson (2010), doi:10.4018/978-1-61520-919-4.ch017. 480 clips of four men (DC, JE, JK, KL),
seven emotions, TIMIT sentences. The published corpus has a folder per speaker, copies of it put
the speaker into the name:

    DC/a01.wav
    DC_a01.wav

Emotions: a anger, d disgust, f fear, h happiness, n neutral, sa sadness, su surprise. Sentences
are numbered within an emotion, so the text id is emotion and number.
"""

from __future__ import annotations

import re
from pathlib import Path

from ser.corpora.base import Clip, Corpus

_NAME = re.compile(
    r"(?:(?P<speaker>DC|JE|JK|KL)_)?(?P<emotion>sa|su|[adfhn])(?P<number>\d\d)", re.IGNORECASE
)
_SPEAKERS = frozenset({"DC", "JE", "JK", "KL"})
_EMOTIONS = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}


class Savee(Corpus):
    """Reads SAVEE, with speakers in names or in folders."""

    name = "savee"

    def parse(self, path: Path) -> Clip | None:
        """Reads speaker, emotion and number."""
        match = _NAME.fullmatch(path.stem)
        if not match:
            return None
        speaker = (match["speaker"] or path.absolute().parent.name).upper()
        if speaker not in _SPEAKERS:
            return None
        code = match["emotion"].lower()
        return Clip(
            path,
            emotion=_EMOTIONS[code],
            speaker=speaker,
            corpus=self.name,
            text=f"{code}{match['number']}",
            gender="male",
        )

    def take(self, path: Path) -> str:
        """Takes speaker and number: the corpus has each take as audio and as video."""
        clip = self.parse(path)
        return f"{clip.speaker}_{clip.text}" if clip else ""
