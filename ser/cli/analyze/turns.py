"""Who speaks when, in ``ser-analyze``: segments that other programs have marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ser.cli.analyze.live import LIVE
from ser.cli.exclusive import Excludes
from ser.cli.options import collect_inputs, with_options
from ser.cli.paths import InputPath
from ser.inference.turns import GivenTurns, TurnSource
from ser.timeline.readers.registry import READERS, TurnFile, reader_of

TURN_EXCLUDES = ("--segments", "--smooth", "--hop", "--start", "--end", "--cluster")
"""What does not go with segments."""

TURN_RULES = (
    Excludes("--segments-from", TURN_EXCLUDES, "each segment is one record"),
    Excludes(LIVE, ("--segments-from", "--tier"), "segments are of recordings"),
)
"""Which options segments exclude."""


def turn_options(function: Any) -> Any:
    """Adds the options about segments; see `gather_inputs`."""
    options = [
        click.option(
            "--segments-from",
            metavar="FILE|DIR",
            type=InputPath(exists=True),
            help="Give one record for each segment that is marked in a CSV, TSV, RTTM, TextGrid or "
            "EAF file, with its speaker or tier; DIR has a file for each recording, of the same "
            "name. TextGrid and EAF outputs keep what is in the file, and get new tiers.",
        ),
        click.option(
            "--tier",
            "tiers",
            metavar="NAME",
            multiple=True,
            help="Take the segments of this tier alone; may be given several times.",
        ),
    ]
    return with_options(options, function)


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is to be analyzed.

    Attributes:
        paths: Files and folders.
        turns: Says who speaks when; None where speakers are not told apart.
        names_recordings: Segments of several recordings can be told apart.
    """

    paths: list[Path]
    turns: TurnSource | None
    names_recordings: bool = True

    def check(self, recordings: int) -> None:
        """Refuses one file of segments for several recordings, if it names none.

        Raises:
            click.UsageError: That is so.
        """
        if recordings > 1 and not self.names_recordings:
            raise click.UsageError(
                "--segments-from names the segments of one recording: give a folder that has a "
                "file for each."
            )


def gather_inputs(
    words: Sequence[str],
    files_from: str | None,
    files0_from: str | None,
    segments_from: str | None,
    tiers: tuple[str, ...],
) -> Inputs:
    """Gathers recordings, and the segments in them.

    A manifest (CSV, TSV) or an EAF file in the place of a recording stands for the recordings that
    it names, and its segments. So does one of ``--segments-from`` where there are no inputs.

    Args:
        words: What was given without an option.
        files_from: ``--files-from``.
        files0_from: ``--files0-from``.
        segments_from: ``--segments-from``.
        tiers: ``--tier``.

    Raises:
        click.UsageError: Nothing is given, or no recording is named.
        SerError: A list or a file of segments cannot be read.
    """
    lists = files_from is not None or files0_from is not None
    if segments_from is None and any(map(_marks, words)):
        if len(words) > 1 or lists:
            raise click.UsageError(
                "A file of segments stands alone: give recordings, and it with --segments-from."
            )
        segments_from, words = words[0], ()
    if segments_from is None:
        if tiers:
            raise click.UsageError("--tier needs --segments-from.")
        return Inputs(collect_inputs(words, files_from, files0_from), None)
    file = TurnFile(segments_from, tiers)
    path = Path(segments_from)
    several = path.is_dir() or reader_of(path).names_recordings
    if words or lists:
        paths = collect_inputs(words, files_from, files0_from)
    else:
        paths = [] if path.is_dir() else reader_of(path).recordings(path)
        if not paths:
            raise click.UsageError(f"{segments_from} says not where recordings are: name them too.")
    return Inputs(paths, GivenTurns(file), several)


def _marks(word: str) -> bool:
    """Says whether a name is that of a file of segments that names recordings' places."""
    path = Path(word)
    return path.suffix.lower() in READERS and path.is_file()
