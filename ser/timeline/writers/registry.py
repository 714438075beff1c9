"""The registry of timeline formats: one line for each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple

from ser.errors import SerError
from ser.io.files import STANDARD
from ser.timeline.writers.audacity import AudacityWriter
from ser.timeline.writers.base import Writer
from ser.timeline.writers.csv import CsvWriter
from ser.timeline.writers.eaf import EafWriter
from ser.timeline.writers.jsonl import JsonLinesWriter
from ser.timeline.writers.rttm import RttmWriter
from ser.timeline.writers.srt import SrtWriter
from ser.timeline.writers.text import TextWriter
from ser.timeline.writers.textgrid import TextGridWriter
from ser.timeline.writers.tsv import TsvWriter
from ser.timeline.writers.vtt import VttWriter

FORMATS: Mapping[str, type[Writer]] = MappingProxyType(
    {
        "text": TextWriter,
        "jsonl": JsonLinesWriter,
        "tsv": TsvWriter,
        "csv": CsvWriter,
        "vtt": VttWriter,
        "srt": SrtWriter,
        "audacity": AudacityWriter,
        "textgrid": TextGridWriter,
        "rttm": RttmWriter,
        "eaf": EafWriter,
    }
)
"""Every format by the name that ``--format`` takes."""


def make_writer(
    name: str,
    stream: IO[str],
    labels: Sequence[str],
    *,
    colour: bool = False,
    headings: bool = False,
    top: int = 1,
    words: Sequence[str] = (),
) -> Writer:
    """Makes the writer of a format; the arguments are those of `Writer`.

    Raises:
        SerError: There is no such format.
    """
    if name not in FORMATS:
        raise SerError(name, "is not a timeline format", f"use one of {', '.join(FORMATS)}")
    return FORMATS[name](stream, labels, colour=colour, headings=headings, top=top, words=words)


# Which files a timeline goes to, and in which format each.

ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        "text": ".txt",
        "jsonl": ".jsonl",
        "tsv": ".tsv",
        "csv": ".csv",
        "vtt": ".vtt",
        "srt": ".srt",
        # Audacity's import dialog shows names that end in .txt.
        "audacity": ".audacity.txt",
        "textgrid": ".TextGrid",
        "rttm": ".rttm",
        "eaf": ".eaf",
    }
)
"""How the names of files in each format end."""

# Longer endings first: .audacity.txt is no .txt. The short one is for -o NAME.{vtt,labels}.
_KNOWN = {ending.lower(): name for name, ending in ENDINGS.items()} | {".labels": "audacity"}
_LONGEST_FIRST = sorted(_KNOWN, key=len, reverse=True)


class Output(NamedTuple):
    """A file, or ``-`` for standard output, and the format in which it is written."""

    path: str
    format: str


def outputs(targets: Sequence[str], format_name: str | None = None) -> list[Output]:
    """Says which format goes where.

    A list in braces at the end of a target stands for several targets, as in a shell:
    ``talk.{jsonl,vtt}``. The ending of a name tells the format (`ENDINGS`, in any case, and
    ``.labels`` for Audacity). What has no ending, as standard output or a device, is text.

    Args:
        targets: Paths, or ``-``.
        format_name: The format if there is one target only, or else that of ``-``.

    Raises:
        SerError: An ending is unknown, a target is named twice, or `format_name` goes with several
            files.
    """
    paths = [path for target in targets for path in braced(target)]
    for number, path in enumerate(paths):
        if any(os.path.normpath(path) == os.path.normpath(other) for other in paths[:number]):
            raise SerError(path, "is to be written twice", "name each output once")
    if len(paths) == 1 and format_name is not None:
        return [Output(paths[0], format_name)]
    if format_name is not None and STANDARD not in paths:
        raise SerError(
            f"--format {format_name}",
            "does not go with several outputs",
            "leave it out: the endings of their names tell the formats",
        )
    return [
        Output(path, (format_name or "text") if path == STANDARD else _format_of(path))
        for path in paths
    ]


def braced(target: str) -> list[str]:
    """Expands a list in braces at the end of a target, and nothing else.

    Examples:
        >>> braced("talk.{jsonl,vtt}"), braced("a{b}.vtt")
        (['talk.jsonl', 'talk.vtt'], ['a{b}.vtt'])
    """
    found = re.fullmatch(r"(.*)\{([^{},/]+(?:,[^{},/]+)+)\}", target, re.DOTALL)
    if found is None:
        return [target]
    return [found[1] + ending for ending in found[2].split(",")]


def claimed(targets: Sequence[str], inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tells outputs from inputs where a shell has expanded the braces.

    Of ``-o talk.{jsonl,vtt} talk.wav`` a shell makes ``-o talk.jsonl talk.vtt talk.wav``, and only
    the first of them belongs to ``-o``. A word that differs from a target in nothing but one
    timeline ending for another is a target too: no recording is called that.

    Args:
        targets: What was given with ``-o``.
        inputs: What was given without an option.

    Returns:
        The targets and the inputs.
    """
    names = {_split(target)[0] for target in targets if _split(target)[1]}
    more = [word for word in inputs if _split(word)[1] and _split(word)[0] in names]
    return [*targets, *more], [word for word in inputs if word not in more]


def check_outputs(found: Sequence[Output], *, recordings: int, summaries: bool) -> None:
    """Checks that the formats can hold what is asked for, before any work is done.

    Args:
        found: The outputs.
        recordings: How many recordings go into each.
        summaries: Summaries are written instead of windows.

    Raises:
        SerError: One cannot.
    """
    for path, name in found:
        subject = f"--format {name}" if path == STANDARD else path
        if summaries and not FORMATS[name].summaries:
            able = ", ".join(other for other, kind in FORMATS.items() if kind.summaries)
            raise SerError(subject, f"{name} cannot hold summaries", f"use one of {able}")
        if recordings > 1 and FORMATS[name].one_recording:
            able = ", ".join(other for other, kind in FORMATS.items() if not kind.one_recording)
            raise SerError(
                subject,
                f"{name} holds one recording, and here are {recordings}",
                f"write a file for each, or use one of {able}",
            )


def _split(path: str) -> tuple[str, str]:
    """Splits a name before its timeline ending, which is empty if there is none."""
    for ending in _LONGEST_FIRST:
        if path.lower().endswith(ending) and len(Path(path).name) > len(ending):
            return path[: -len(ending)], path[-len(ending) :]
    return path, ""


def _format_of(path: str) -> str:
    ending = _split(path)[1]
    if ending:
        return _KNOWN[ending.lower()]
    suffix = Path(path).suffix
    if not suffix:
        return "text"
    known = ", ".join(sorted({*ENDINGS.values(), ".labels"}, key=str.lower))
    raise SerError(
        path, f"ends in {suffix}, which tells no format", f"use --format, or one of {known}"
    )
