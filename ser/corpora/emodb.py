"""EmoDB: the Berlin Database of Emotional Speech.

Burkhardt et al. (2005), doi:10.21437/Interspeech.2005-446. 535 clips of ten speakers, seven
emotions, ten German sentences. A name says speaker, text, emotion and version:

    03a01Fa.wav

Emotions by their German initials: W anger (Wut), L boredom (Langeweile), E disgust (Ekel), A fear
(Angst), F happiness (Freude), T sadness (Trauer), N neutral.
"""

from __future__ import annotations

import re
from pathlib import Path

from ser.corpora.base import Clip, Corpus

_NAME = re.compile(
    r"(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<emotion>[WLEAFTN])[a-z]?", re.IGNORECASE
)
_EMOTIONS = {
    "W": "angry",
    "L": "boredom",
    "E": "disgust",
    "A": "fearful",
    "F": "happy",
    "T": "sad",
    "N": "neutral",
}
_GENDERS = {
    **dict.fromkeys(("03", "10", "11", "12", "15"), "male"),
    **dict.fromkeys(("08", "09", "13", "14", "16"), "female"),
}


class EmoDB(Corpus):
    """Reads EmoDB."""

    name = "emodb"

    def parse(self, path: Path) -> Clip | None:
        """Reads the four parts of a name."""
        match = _NAME.fullmatch(path.stem)
        if not match or match["speaker"] not in _GENDERS:
            return None
        return Clip(
            path,
            emotion=_EMOTIONS[match["emotion"].upper()],
            speaker=match["speaker"],
            corpus=self.name,
            text=match["text"].lower(),
            gender=_GENDERS[match["speaker"]],
        )
