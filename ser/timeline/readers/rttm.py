"""Turns from Rich Transcription Time Marked files, which diarization tools write."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from ser.timeline.readers.base import (
    GivenTurn,
    TurnReader,
    make_turn,
    read_bytes,
    refuse_damaged,
)


class RttmReader(TurnReader):
    """Reads ``SPEAKER`` lines: file, channel, start, duration and name (NIST RT-09, appendix A).

    Lines of other types are passed over.
    """

    names_recordings: ClassVar[bool] = True

    def read(self, path: Path, tiers: Sequence[str] = ()) -> list[GivenTurn]:
        """Reads a file; see `TurnReader`."""
        try:
            text = read_bytes(path).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise refuse_damaged(path, "RTTM file", "it is not UTF-8") from error
        found = []
        for number, line in enumerate(text.splitlines(), start=1):
            fields = line.split()
            if not fields or fields[0] != "SPEAKER":
                continue
            place = f"line {number}"
            try:
                recording, start, duration = fields[1], float(fields[3]), float(fields[4])
                speaker = fields[7]
            except (IndexError, ValueError) as error:
                raise refuse_damaged(path, "RTTM file", f"{place}: {error}") from error
            turn = make_turn(path, place, start, start + duration, _name(speaker))
            found.append(GivenTurn(recording, turn))
        return found


def _name(field: str) -> str:
    return "" if field == "<NA>" else field
