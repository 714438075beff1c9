"""Who speaks when, in ``ser-analyze``: segments that other programs have marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from ser.audio.reader import is_pipe
from ser.cli.analyze.live import LIVE
from ser.cli.exclusive import Excludes, Needs
from ser.cli.options import collect_inputs, with_options
from ser.cli.paths import InputPath, OutputPath, TextWithPath
from ser.inference.turns import GivenTurns, TurnSource

TURN_EXCLUDES = ("--segments", "--smooth", "--hop", "--start", "--end", "--cluster")
"""What does not go with segments."""

_ONE_CHANNEL = "a channel for each speaker needs no search for speakers"

TURN_RULES = (
    Excludes("--speakers", ("--segments-from", "--tier", *LIVE), "speakers are told apart once"),
    Excludes("--speakers", "--channel=each", _ONE_CHANNEL),
    Needs(("--enrol-speaker", "--speaker-store"), "--speakers"),
    Excludes(
        "--speaker-store", ("--jobs", "--cluster"), "voices are added one recording after the other"
    ),
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
        click.option(
            "--speakers",
            metavar="auto|N|N-M|FILE",
            type=TextWithPath(r"(?!auto$|\d+(?:-\d+)?$)(.*)"),
            help="Tell speakers apart, and adapt to each voice by itself: how many there are "
            "(auto finds out), or an RTTM, TextGrid, EAF or CSV file that says who speaks when. "
            "The recording is read twice.",
        ),
        click.option(
            "--enrol-speaker",
            "enrolled",
            metavar="NAME=FILE",
            type=TextWithPath("[^=]*=(.*)"),
            multiple=True,
            help="Speech of a person whose voice gets this name. May be given several times.",
        ),
        click.option(
            "--speaker-store",
            metavar="FILE.npz",
            type=OutputPath(),
            help="Keep voices, so that the same names hold over many recordings. Voiceprints are "
            "personal data: nothing is kept unless this is given.",
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
    # Imported here: most analyses read no segments.
    from ser.timeline.readers.registry import TurnFile, reader_of

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


def check_read_twice(inputs: Sequence[Path]) -> None:
    """Refuses ``--speakers`` of what can be read once only.

    Raises:
        click.UsageError: There is such an input.
    """
    if any(is_pipe(path) for path in inputs):
        raise click.UsageError("--speakers reads a recording twice: give files, not pipes.")


def speaker_turns(
    speakers: str | None, enrolled: Sequence[str], store: str | None
) -> TurnSource | None:
    """Reads what is given to ``--speakers`` and the options about voices.

    Args:
        speakers: ``--speakers``.
        enrolled: ``--enrol-speaker``, pairs of name and file.
        store: ``--speaker-store``.

    Raises:
        click.UsageError: Something is written otherwise.
        SerError: A recording or a file of segments cannot be read.
    """
    if speakers is None:
        return None
    # Imported here: most analyses tell no speakers apart.
    from ser.speakers.diarization import SpeakerTurns, parse_count
    from ser.speakers.voiceprints import enrol
    from ser.timeline.readers.registry import TurnFile

    limits = parse_count(speakers)
    if limits is None:
        if enrolled or store is not None:
            raise click.UsageError(
                "--enrol-speaker and --speaker-store name voices that are found: give auto or a "
                "number to --speakers."
            )
        if not Path(speakers).exists():
            raise click.UsageError(
                f"--speakers {speakers}: there is no such file; write auto, 2 or 2-4, or name one."
            )
        return GivenTurns(TurnFile(speakers), whole=False)
    by_name: dict[str, list[str]] = {}
    for pair in enrolled:
        name, equals, path = pair.partition("=")
        if not (name and equals and path):
            raise click.UsageError(f"--enrol-speaker {pair}: write NAME=FILE, as in Anna=a.wav.")
        by_name.setdefault(name, []).append(path)
    # Wrong numbers are refused before a recording is read.
    turns = SpeakerTurns(*limits, store=store or "")
    return replace(turns, enrolled=tuple(enrol(name, paths) for name, paths in by_name.items()))


def _marks(word: str) -> bool:
    """Says whether a name is that of a file of segments that names recordings' places."""
    from ser.timeline.readers.registry import READERS

    path = Path(word)
    return path.suffix.lower() in READERS and path.is_file()
