"""What a corpus reader gives: clips, and the contract that every reader keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording, or a part of one, and what its corpus says about it.

    Attributes:
        path: The audio file.
        emotion: Canonical emotion name (`ser.labels`), empty where unknown.
        speaker: The speaker's name within the corpus, empty where unknown.
        corpus: The corpus' name.
        text: An id of the sentence spoken: equal ids mean equal words within a corpus.
        intensity: ``normal`` or ``strong`` where the corpus says so.
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
