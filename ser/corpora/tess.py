"""TESS: the Toronto Emotional Speech Set.

Pichora-Fuller and Dupuis (2020), doi:10.5683/SP2/E8H2MF. Two actresses, an older (OAF) and a
younger one (YAF), say "Say the word ..." with 200 words in seven emotions: 2800 clips.

    YAF_pleasant_surprised/YAF_back_ps.wav
    OAF_Fear/OAF_back_fear.wav
    OAF_neutral/OA_bite_neutral.wav      one file lost its F

Folders are spelled in several ways, and copies of the corpus put all files into one folder, so the
file name decides; the folder is asked only where the file name has no emotion.
"""

from __future__ import annotations

import re
from pathlib import Path

from ser.corpora.base import Clip, Corpus
from ser.labels import canonical, is_known

_FILE = re.compile(r"(?P<age>[OY])AF?_(?P<word>[a-z]+)(?:_(?P<emotion>[a-z _-]+))?", re.IGNORECASE)
_FOLDER = re.compile(r"(?P<age>[OY])AF?_(?P<emotion>[a-z _-]+)", re.IGNORECASE)
_EMOTIONS = frozenset({"neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised"})


class Tess(Corpus):
    """Reads TESS in any of its spellings."""

    name = "tess"

    def parse(self, path: Path) -> Clip | None:
        """Reads actress, word and emotion."""
        file = _FILE.fullmatch(path.stem)
        if not file:
            return None
        spelled = file["emotion"]
        if spelled is None:
            folder = _FOLDER.fullmatch(path.absolute().parent.name)
            spelled = folder["emotion"] if folder else ""
        emotion = canonical(spelled) if is_known(spelled) else ""
        if emotion not in _EMOTIONS:
            return None
        return Clip(
            path,
            emotion=emotion,
            speaker=f"{file['age'].upper()}AF",
            corpus=self.name,
            text=file["word"].lower(),
            gender="female",
        )
