"""What the readers of turns share: the contract, and reading text of a limited size."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, NamedTuple

from ser.errors import SerError
from ser.timeline.turn import Turn

LIMIT_BYTES = 64 << 20
"""The largest file that is read: a hundred hours of speech have a hundredth of that."""


class GivenTurn(NamedTuple):
    """A turn of a file.

    Attributes:
        recording: The recording as the file names it; empty where it names none.
        turn: The turn; its end is infinite where the file does not say it.
    """

    recording: str
    turn: Turn


class TurnReader(ABC):
    """Reads the turns of one format.

    Attributes:
        names_recordings: A file may hold several recordings, and names each.
        tiers: A file has tiers, of which some may be chosen.
    """

    names_recordings: ClassVar[bool] = False
    tiers: ClassVar[bool] = False

    @abstractmethod
    def read(self, path: Path, tiers: Sequence[str] = ()) -> list[GivenTurn]:
        """Reads a file.

        Args:
            path: The file.
            tiers: The names of the tiers to read; empty for all.

        Returns:
            Turns in the order of the file.

        Raises:
            SerError: It cannot be read, is damaged, or has no tier of a name.
        """

    def recordings(self, path: Path) -> list[Path]:
        """Gives the recordings that a file names with a place, in its order.

        Args:
            path: The file.

        Raises:
            SerError: It cannot be read.
        """
        return []


def read_bytes(path: Path) -> bytes:
    """Reads a file.

    Raises:
        SerError: It cannot be read, or is too large.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise SerError(path, f"cannot be read ({error.strerror or error})", "check it") from error
    if len(data) > LIMIT_BYTES:
        raise SerError(path, "is larger than 64 MB", "give a file of segments")
    return data


def make_turn(path: Path, place: str, start: float, end: float, speaker: str) -> Turn:
    """Makes a turn, and checks its times.

    Args:
        path: The file.
        place: Where it stands in the file, for the error.
        start: Seconds.
        end: Likewise; infinite for the end of the recording.
        speaker: Who speaks.

    Raises:
        SerError: It does not lie in a recording, or has no length.
    """
    if not (0 <= start < end and math.isfinite(start)):
        raise SerError(
            f"{path}, {place}",
            f"is no segment ({start:g} to {end:g} s)",
            "give a start from 0 on, and a later end",
        )
    return Turn(start, end, speaker)


def refuse_damaged(path: Path, kind: str, reason: object) -> SerError:
    """Gives the error for a file that is not what its name says.

    Args:
        path: The file.
        kind: What it should be.
        reason: What is wrong.
    """
    return SerError(path, f"is no {kind} ({reason})", "write it again with the program it is from")
