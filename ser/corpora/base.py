"""What a corpus reader gives: clips, and the contract that every reader keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from ser.io.remote import url_or_path

Channel = Literal["speech", "song"]
"""What a voice does in a clip; only RAVDESS has both."""

Index = Mapping[str, Mapping[str, str]]
"""What a corpus's own table says: a key to the columns of its row."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording, or a part of one, and what its corpus says about it.

    Attributes:
        path: The audio file; of one behind a URL, what `Path` makes of that, see `name`.
        emotion: Canonical emotion name (`ser.labels`), empty where unknown.
        speaker: The speaker's name within the corpus, empty where unknown.
        corpus: The corpus' name.
        text: An id of the sentence spoken: equal ids mean equal words within a corpus.
        intensity: ``normal`` or ``strong`` where the corpus says so (CREMA-D also has ``low``).
        gender: ``female`` or ``male`` where the corpus says so.
        start: Where the clip begins in the file, in seconds.
        duration: How long it lasts, in seconds; None is to the end of the file.
    """

    path: Path
    emotion: str = ""
    speaker: str = ""
    corpus: str = ""
    text: str = ""
    intensity: str = ""
    gender: str = ""
    start: float = 0.0
    duration: float | None = None

    @property
    def name(self) -> str:
        """What the recording is called in tables and messages: its path, or its URL."""
        return url_or_path(self.path)


class Corpus(ABC):
    """Reads what the file names of one corpus say.

    A new corpus is a file with a subclass that has a `name` and a `parse`, and a line in
    `ser.corpora.registry`. Readers keep no state: one object serves every folder.
    """

    name: ClassVar[str]
    """What ``--corpus`` and the table's ``corpus`` field call it."""

    index: ClassVar[str] = ""
    """Name of a table that the corpus brings along, in the audio's folder or the one above."""

    @abstractmethod
    def parse(self, path: Path) -> Clip | None:
        """Reads a file name and the folders above it; the file itself is not opened.

        Args:
            path: An audio file, with any extension.

        Returns:
            The clip, or None when the name is not one of this corpus.
        """

    def recognises(self, path: Path) -> bool:
        """Says whether ``--corpus auto`` may take the file for one of this corpus."""
        return self.parse(path) is not None

    def channel(self, path: Path) -> Channel:
        """Says whether a file of this corpus is spoken or sung."""
        return "speech"

    def read_index(self, path: Path) -> Index:
        """Reads the corpus's own table.

        Args:
            path: A file called `index`.

        Raises:
            CorpusError: It cannot be read.
        """
        return {}

    def complete(self, clip: Clip, index: Index) -> Clip:
        """Adds to a clip what the corpus's own table knows about it."""
        return clip
