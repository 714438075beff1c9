"""RAVDESS: the Ryerson Audio-Visual Database of Emotional Speech and Song.

Livingstone and Russo (2018), doi:10.1371/journal.pone.0196391. 24 actors speak (1440 clips, eight
emotions) and 23 of them sing (1012 clips, six emotions) two statements. A name has seven numbers:

    03-01-06-01-02-01-12.wav
    modality-channel-emotion-intensity-statement-repetition-actor

- modality: 01 audio and video, 02 video only, 03 audio only
- channel: 01 speech, 02 song
- emotion: 01 neutral, 02 calm, 03 happy, 04 sad, 05 angry, 06 fearful, 07 disgust, 08 surprised.
  Projects that label with 0 to 7 count from the same list: 0 neutral ... 7 surprised.
- intensity: 01 normal, 02 strong (neutral has no strong clips)
- statement: 01 "Kids are talking by the door", 02 "Dogs are sitting by the door"
- repetition: 01 or 02
- actor: 01 to 24; odd numbers are men, even numbers women

Speech and song share the corpus name, because their actors are the same people.
"""

from __future__ import annotations

import re
from pathlib import Path

from ser.corpora.base import Channel, Clip, Corpus
from ser.labels import RAVDESS_CODES

_NAME = re.compile(
    r"0[123]-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])"
    r"-(?P<statement>0[12])-0[12]-(?P<actor>0[1-9]|1\d|2[0-4])"
)
_INTENSITIES = {"01": "normal", "02": "strong"}


class Ravdess(Corpus):
    """Reads RAVDESS speech and song, audio and video files."""

    name = "ravdess"

    def parse(self, path: Path) -> Clip | None:
        """Reads the seven numbers of a name."""
        match = _NAME.fullmatch(path.stem)
        if not match:
            return None
        return Clip(
            path,
            emotion=RAVDESS_CODES[match["emotion"]],
            speaker=match["actor"],
            corpus=self.name,
            text=match["statement"],
            intensity=_INTENSITIES[match["intensity"]],
            gender="male" if int(match["actor"]) % 2 else "female",
        )

    def channel(self, path: Path) -> Channel:
        """Reads the second number: 02 is song."""
        match = _NAME.fullmatch(path.stem)
        return "song" if match and match["channel"] == "02" else "speech"

    def take(self, path: Path) -> str:
        """Leaves out the first number: ``01-01-...`` is the video of ``03-01-...``."""
        return path.stem[len("03-") :] if _NAME.fullmatch(path.stem) else ""
