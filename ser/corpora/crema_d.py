"""CREMA-D: the Crowd-sourced Emotional Multimodal Actors Dataset.

Cao et al. (2014), doi:10.1109/TAFFC.2014.2336244. 7442 clips of 91 actors, six emotions, twelve
sentences. A name says actor, sentence, emotion and level:

    1001_DFA_ANG_XX.wav     levels LO, MD, HI, and XX (or X, in one file) for unspecified

Who is a woman and who a man stands in the corpus's ``VideoDemographics.csv``; it is read when it
lies beside the audio or one folder above.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from ser.corpora.base import Clip, Corpus, Index, read_rows
from ser.labels import canonical

_NAME = re.compile(
    r"(?P<actor>10[0-8]\d|109[01])"
    r"_(?P<sentence>IEO|TIE|IOM|IWW|TAI|MTI|IWL|ITH|DFA|ITS|TSI|WSI)"
    r"_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?P<level>LO|MD|HI|XX?)",
    re.IGNORECASE,
)
_LEVELS = {"LO": "low", "MD": "normal", "HI": "strong"}


class CremaD(Corpus):
    """Reads CREMA-D."""

    name = "crema_d"
    index = "VideoDemographics.csv"

    def parse(self, path: Path) -> Clip | None:
        """Reads the four parts of a name."""
        match = _NAME.fullmatch(path.stem)
        if not match or match["actor"] == "1000":
            return None
        return Clip(
            path,
            emotion=canonical(match["emotion"]),
            speaker=match["actor"],
            corpus=self.name,
            text=match["sentence"].upper(),
            intensity=_LEVELS.get(match["level"].upper(), ""),
        )

    def take(self, path: Path) -> str:
        """Takes the whole name: the corpus has each take as audio and as video."""
        return path.stem.upper() if _NAME.fullmatch(path.stem) else ""

    def read_index(self, path: Path) -> Index:
        """Reads the actors' demographics; the key is the actor's number."""
        rows = read_rows(path)
        return {(row.get("ActorID") or "").strip(): row for row in rows}

    def complete(self, clip: Clip, index: Index) -> Clip:
        """Adds the actor's gender."""
        sex = (index.get(clip.speaker, {}).get("Sex") or "").strip().lower()
        return replace(clip, gender=sex) if sex in ("female", "male") else clip
