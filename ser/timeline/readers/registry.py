"""The registry of formats that turns are read from, and which turns belong to a recording."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ser.errors import ParameterError, SerError
from ser.timeline.readers.base import GivenTurn, TurnReader
from ser.timeline.readers.eaf import EafReader
from ser.timeline.readers.rttm import RttmReader
from ser.timeline.readers.table import TableReader
from ser.timeline.readers.textgrid import TextGridReader
from ser.timeline.turn import Turn

READERS: Mapping[str, type[TurnReader]] = MappingProxyType(
    {
        ".rttm": RttmReader,
        ".textgrid": TextGridReader,
        ".eaf": EafReader,
        ".csv": TableReader,
        ".tsv": TableReader,
    }
)
"""The reader by the ending of a file's name, in lower case."""


def reader_of(path: Path) -> TurnReader:
    """Gives the reader of a file.

    Raises:
        SerError: Its ending is none of `READERS`.
    """
    kind = READERS.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(READERS)
        raise SerError(path, "has no ending of a file of segments", f"use one of {known}")
    return kind()


@functools.lru_cache(maxsize=8)
def _read(path: str, tiers: tuple[str, ...], changed: int) -> tuple[GivenTurn, ...]:
    """Reads a file once, however many recordings it holds; `changed` is when it was written."""
    return tuple(reader_of(Path(path)).read(Path(path), tiers))


@dataclass(frozen=True, slots=True)
class TurnFile:
    """Turns that are given: a file, or a folder with a file for each recording.

    Attributes:
        path: The file or the folder.
        tiers: The tiers that are read, of formats with tiers; empty for all.
    """

    path: str
    tiers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Checks that there is something to read.

        Raises:
            SerError: There is nothing there, or the format is unknown.
            ParameterError: Tiers are named of a format that has none.
        """
        path = Path(self.path)
        if path.is_dir():
            return
        if not path.exists():
            raise SerError(path, "does not exist", "name a file of segments or a folder of them")
        if self.tiers and not reader_of(path).tiers:
            raise ParameterError(
                "tier", f"is given for {path}, which has no tiers", "give a TextGrid or EAF file"
            )

    def file_for(self, recording: str) -> Path:
        """Gives the file that has the turns of a recording.

        Args:
            recording: The recording's name or path.

        Raises:
            SerError: The folder has none, or several.
        """
        path = Path(self.path)
        if not path.is_dir():
            return path
        stem = Path(recording).stem
        found = sorted(
            each
            for each in path.iterdir()
            if each.stem == stem and each.suffix.lower() in READERS and each.is_file()
        )
        if len(found) != 1:
            cause = f"there are several files of segments for it in {path}"
            if not found:
                cause = f"there is no file of segments for it in {path}"
            raise SerError(recording, cause, f"put one there, as {stem}.TextGrid or {stem}.rttm")
        return found[0]

    def turns(self, recording: str) -> list[Turn]:
        """Gives the turns of a recording.

        Args:
            recording: The recording's name or path.

        Returns:
            In the order of their starts; the end is infinite where the file does not say it.

        Raises:
            SerError: They cannot be read, or there are none.
        """
        path = self.file_for(recording)
        try:
            changed = path.stat().st_mtime_ns
        except OSError as error:
            raise SerError(path, f"cannot be read ({error.strerror})", "check it") from error
        given = _read(str(path), self.tiers, changed)
        if reader_of(path).names_recordings:
            given = tuple(_choose(given, recording))
        if not given:
            raise SerError(path, f"has no segments of {recording}", "check the names in it")
        return sorted((each.turn for each in given), key=lambda turn: (turn.start, turn.end))


def _choose(given: Sequence[GivenTurn], recording: str) -> list[GivenTurn]:
    """Chooses the turns of a recording: by its place, else by its file name, else by its stem.

    RTTM has stems without white space alone; tables have paths, which may be others here.
    """
    path = Path(recording)
    resolved = str(path.resolve())
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == recording or str(Path(name).resolve()) == resolved,
        lambda name: Path(name).name == path.name,
        lambda name: name in (path.stem, "_".join(path.stem.split())),
        lambda name: Path(name).stem == path.stem,
    )
    for same in tests:
        found = [each for each in given if same(each.recording)]
        if found:
            return found
    return []
