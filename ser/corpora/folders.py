"""A folder per emotion: ``angry/x.wav``, ``Fear/y.flac``, ``pleasant surprise/z.mp3``.

The names are those of `ser.labels` in any of their spellings. Who speaks is not known.
"""

from __future__ import annotations

from pathlib import Path

from ser.corpora.base import Clip, Corpus
from ser.labels import canonical, is_known


class Folders(Corpus):
    """Reads the emotion from the name of a file's folder."""

    name = "folders"

    def parse(self, path: Path) -> Clip | None:
        """Reads the folder's name."""
        folder = path.absolute().parent.name
        if not is_known(folder):
            return None
        return Clip(path, emotion=canonical(folder), corpus=self.name)
