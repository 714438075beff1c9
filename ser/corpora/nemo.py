"""nEMO: a Polish corpus of emotional speech.

Christop (2024), arXiv:2404.06292. 4481 clips of nine actors, six emotions; each of 90 sentences is
spoken in every emotion. A name says speaker, emotion and the number of the sentence:

    EB0_anger_1.wav

The corpus's ``data.tsv``, beside the audio or one folder above, adds the speaker's gender. It
calls every file ``.wav`` and pads the speakers with spaces.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path

from ser.corpora.base import Clip, Corpus, Index, read_rows
from ser.labels import canonical, is_known

_NAME = re.compile(
    r"(?P<speaker>[A-Z]{2}\d)"
    r"_(?P<emotion>anger|fear|happiness|neutral|sadness|surprised?)_(?P<sentence>\d+)",
    re.IGNORECASE,
)


class Nemo(Corpus):
    """Reads nEMO, with or without its table."""

    name = "nemo"
    index = "data.tsv"

    def parse(self, path: Path) -> Clip | None:
        """Reads the three parts of a name."""
        match = _NAME.fullmatch(path.stem)
        if not match:
            return None
        return Clip(
            path,
            emotion=canonical(match["emotion"]),
            speaker=match["speaker"].upper(),
            corpus=self.name,
            # The number stands for the same sentence with every speaker and in every emotion.
            text=str(int(match["sentence"])),
        )

    def read_index(self, path: Path) -> Index:
        """Reads ``data.tsv``; the key is the file's name without extension."""
        rows = read_rows(path, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {Path((row.get("file_id") or "").strip()).stem: row for row in rows}

    def complete(self, clip: Clip, index: Index) -> Clip:
        """Takes the table's speaker, emotion and gender where it has them."""
        row = index.get(clip.path.stem, {})
        speaker, emotion, gender = (
            (row.get(name) or "").strip() for name in ("speaker_id", "emotion", "gender")
        )
        return replace(
            clip,
            speaker=speaker or clip.speaker,
            emotion=canonical(emotion) if emotion and is_known(emotion) else clip.emotion,
            gender=gender if gender in ("female", "male") else "",
        )
