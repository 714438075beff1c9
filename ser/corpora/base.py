"""Clips, and the base class of the corpus readers."""

from __future__ import annotations

import csv
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from ser.errors import CorpusError
from ser.io.remote import url_or_path

Channel = Literal["speech", "song"]
"""Whether a clip is spoken or sung; only RAVDESS has both."""

Index = Mapping[str, Mapping[str, str]]
"""A table that a corpus brings along: the columns of each row, by a key."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording or a part of one, and what its corpus says about it.

    Attributes:
        path: The audio file, or its URL as a path; see `name`.
        emotion: Canonical emotion name (`ser.labels`), empty where unknown.
        speaker: The speaker's name within the corpus, empty where unknown.
        corpus: The name of the corpus.
        text: An id of the sentence: equal ids mean equal words within a corpus.
        intensity: ``normal`` or ``strong`` where the corpus says so (CREMA-D also has ``low``).
        gender: ``female`` or ``male`` where the corpus says so.
        start: Where the clip begins in the file, in seconds.
        duration: Its duration in seconds; None means to the end of the file.
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
        """The name of the recording in tables and messages: its path, or its URL."""
        return url_or_path(self.path)


class Corpus(ABC):
    """Reads the labels of one corpus from its file names.

    A new corpus is a file with a subclass that has a `name` and a `parse`, and a line in
    `ser.corpora.registry`. Readers have no state: one object serves every folder.
    """

    name: ClassVar[str]
    """Its name for ``--corpus`` and in the field ``corpus`` of tables."""

    index: ClassVar[str] = ""
    """File name of a table that the corpus brings along, in the audio's folder or the one above."""

    @abstractmethod
    def parse(self, path: Path) -> Clip | None:
        """Reads a file's name and the folders above it; the file is not opened.

        Args:
            path: An audio file, with any extension.

        Returns:
            The clip, or None if the name is not of this corpus.
        """

    def channel(self, path: Path) -> Channel:
        """Tells whether a file of this corpus is spoken or sung."""
        return "speech"

    def take(self, path: Path) -> str:
        """Names the take that a file holds: equal names within a corpus mean the same sound.

        Corpora with video have each take in several files. Splits keep these on one side.

        Args:
            path: A file, with any extension; it is not opened.

        Returns:
            The name, or `''` where the file's name does not say it: it is a take of its own then.
        """
        return ""

    def read_index(self, path: Path) -> Index:
        """Reads the corpus's own table.

        Args:
            path: A file called `index`.

        Raises:
            CorpusError: It cannot be read.
        """
        return {}

    def complete(self, clip: Clip, index: Index) -> Clip:
        """Adds to a clip what the corpus's own table says about it."""
        return clip


def read_rows(path: Path, **dialect: Any) -> list[dict[str, str]]:
    """Reads the rows of a corpus's own table, with the first line as keys.

    Args:
        path: UTF-8 text.
        **dialect: As for `csv.DictReader`.

    Raises:
        CorpusError: The table cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream, **dialect))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(path, f"cannot be read ({error})", "download it again") from error
