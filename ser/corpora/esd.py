"""ESD: the Emotional Speech Dataset, in Mandarin and English.

Zhou, Sisman, Liu and Li (2022), Speech Communication 137, doi:10.1016/j.specom.2021.11.006. 35,000
utterances of 20 speakers in five emotions, of which each sentence is spoken in every one:

    0011/Angry/0011_000351.wav
    0011/Angry/train/0011_000351.wav

Speakers 0001 to 0010 speak Mandarin, 0011 to 0020 English. The numbers of each speaker run over the
emotions in the order neutral, angry, happy, sad, surprise, 350 for each: the number within its 350
is the sentence, which is another one in the other language.
"""

from __future__ import annotations

import re
from pathlib import Path

from ser.corpora.base import Clip, Corpus
from ser.labels import canonical

_NAME = re.compile(r"(?P<speaker>00(?:0[1-9]|1\d|20))_(?P<number>\d{6})")
_EMOTIONS = frozenset({"neutral", "angry", "happy", "sad", "surprise"})
_PARTS = frozenset({"train", "test", "evaluation"})
_SENTENCES = 350

# The men among the speakers (the table of the paper); the others are women.
_MEN = frozenset({"0004", "0005", "0006", "0008", "0010", "0011", "0012", "0013", "0014", "0020"})


class ESD(Corpus):
    """Reads ESD, with or without its folders for training, evaluation and test."""

    name = "esd"

    def parse(self, path: Path) -> Clip | None:
        """Reads speaker and number from the name, and the emotion from the folder."""
        match = _NAME.fullmatch(path.stem)
        if not match:
            return None
        folder = path.absolute().parent
        if folder.name.lower() in _PARTS:
            folder = folder.parent
        emotion = folder.name.lower()
        if emotion not in _EMOTIONS:
            return None
        speaker = match["speaker"]
        language = "zh" if int(speaker) <= 10 else "en"
        number = (int(match["number"]) - 1) % _SENTENCES + 1
        return Clip(
            path,
            emotion=canonical(emotion),
            speaker=speaker,
            corpus=self.name,
            text=f"{language}{number}",
            gender="male" if speaker in _MEN else "female",
        )
