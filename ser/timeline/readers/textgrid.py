"""Turns from the interval tiers of a TextGrid of Praat."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from ser.errors import SerError, choose_from
from ser.timeline.readers.base import (
    GivenTurn,
    TurnReader,
    make_turn,
    read_bytes,
    refuse_damaged,
)


class TextGridReader(TurnReader):
    """Reads intervals that are not empty; the name of the tier is the speaker."""

    tiers: ClassVar[bool] = True

    def read(self, path: Path, tiers: Sequence[str] = ()) -> list[GivenTurn]:
        """Reads a file; see `TurnReader`."""
        grid = open_textgrid(path)
        spans = {
            tier.name: [(entry.start, entry.end) for entry in tier.entries if entry.label.strip()]
            for tier in grid.tiers
            if tier.tierType == "IntervalTier"
        }
        return turns_of_tiers(path, spans, tiers)


def open_textgrid(path: Path) -> Any:
    """Opens a TextGrid in any of Praat's text formats.

    Args:
        path: The file.

    Returns:
        A `praatio.data_classes.textgrid.Textgrid`.

    Raises:
        SerError: It cannot be read, or is damaged.
    """
    from praatio import textgrid

    data = read_bytes(path)
    if not data.strip():
        raise refuse_damaged(path, "TextGrid", "it is empty")
    try:
        # Two tiers of one name are read as name and name_2.
        return textgrid.openTextgrid(
            str(path),
            includeEmptyIntervals=True,
            reportingMode="silence",
            duplicateNamesMode="rename",
        )
    except Exception as error:
        # What a damaged file makes the library raise is not documented.
        raise refuse_damaged(path, "TextGrid", str(error).split("\n")[0]) from error


def turns_of_tiers(
    path: Path, spans: dict[str, list[tuple[float, float]]], tiers: Sequence[str]
) -> list[GivenTurn]:
    """Makes turns of intervals.

    Args:
        path: The file, for errors.
        spans: Start and end of the intervals of each tier by its name, in seconds.
        tiers: The tiers that are wanted; empty for all.

    Raises:
        SerError: There is no tier of a name, or an interval has no length.
    """
    for name in tiers:
        if name not in spans:
            raise SerError(path, f"has no tier {name!r} of intervals", choose_from(name, spans))
    return [
        GivenTurn("", make_turn(path, f"tier {name}", start, end, name))
        for name in tiers or spans
        for start, end in spans[name]
    ]
