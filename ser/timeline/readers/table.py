"""Turns from manifests, which are tables of recordings: `ser.corpora.manifest`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from ser.timeline.readers.base import GivenTurn, TurnReader
from ser.timeline.turn import Turn

if TYPE_CHECKING:
    from ser.corpora.base import Clip


class TableReader(TurnReader):
    """Reads the columns ``path`` (or ``file``), ``start``, ``end`` or ``duration``, ``speaker``."""

    names_recordings: ClassVar[bool] = True

    def read(self, path: Path, tiers: Sequence[str] = ()) -> list[GivenTurn]:
        """Reads a manifest; see `TurnReader`. A row without an end goes on to the recording's."""
        return [GivenTurn(clip.name, _turn(clip)) for clip in _clips(path)]

    def recordings(self, path: Path) -> list[Path]:
        """Gives the recordings of a manifest, whether they are there or not."""
        return list(dict.fromkeys(clip.path for clip in _clips(path)))


def _clips(path: Path) -> tuple[Clip, ...]:
    # Imported here: the registry of readers is looked at whenever an analysis starts.
    from ser.corpora.manifest import read_manifest

    manifest = read_manifest(path, missing=True)
    if manifest.errors:
        # A record for each segment is what is asked for: none is left out.
        raise manifest.errors[0]
    return manifest.clips


def _turn(clip: Clip) -> Turn:
    end = math.inf if clip.duration is None else clip.start + clip.duration
    return Turn(clip.start, end, clip.speaker)
