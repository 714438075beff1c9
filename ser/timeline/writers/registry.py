"""The registry of timeline formats, which format a file gets, and one function that writes it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple, cast

from ser.errors import ParameterError, SerError, cannot_write, choose_from
from ser.io.files import STANDARD, open_output
from ser.timeline.window import Window
from ser.timeline.writers.audacity import AudacityWriter
from ser.timeline.writers.base import PLAIN, Writer, WriterOptions
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
"""The ending of file names for each format."""

# Longer endings first: .audacity.txt is no .txt. The short one is for -o NAME.{vtt,labels}.
_KNOWN = {ending.lower(): name for name, ending in ENDINGS.items()} | {".labels": "audacity"}
_LONGEST_FIRST = sorted(_KNOWN, key=len, reverse=True)


def make_writer(
    name: str, stream: IO[str], labels: Sequence[str], options: WriterOptions = PLAIN
) -> Writer:
    """Makes the writer of a format; the arguments are those of `Writer`.

    Raises:
        SerError: There is no such format.
    """
    _check_format(name)
    return FORMATS[name](stream, labels, options)


def _check_format(name: str) -> None:
    if name not in FORMATS:
        raise ParameterError("format", "is unknown", choose_from(name, FORMATS), name)


def write_timeline(
    target: str | Path | IO[str],
    windows: Iterable[Window],
    format: str | None = None,
    *,
    labels: Sequence[str] | None = None,
    top: int = 1,
    words: Sequence[str] | None = None,
    annotation: str = "",
    whole: bool = False,
) -> None:
    """Writes a timeline to a file in any format, whole or not at all.

    Args:
        target: A path, which is replaced only when everything is written; ``-`` for standard
            output; or a stream for text, which stays open.
        windows: The windows in the order of their starts.
        format: A name from `FORMATS`; None takes it from the ending of the path (`ENDINGS`), and
            text for streams and names without an ending.
        labels: The model's labels in its order; None takes those of the windows.
        top: How many of the most probable labels the formats for people show.
        words: The labels of the text emotion classifier; None takes those of the windows.
        annotation: See `ser.timeline.writers.base.WriterOptions`.
        whole: Likewise.

    Raises:
        SerError: The format is unknown, holds one recording and there are several, or the file
            cannot be written.
    """
    windows = list(windows)
    if labels is None or words is None:
        found_labels, found_words = _labels_of(windows)
        labels = found_labels if labels is None else labels
        words = found_words if words is None else words
    opened: contextlib.AbstractContextManager[IO[str]]
    if isinstance(target, str | Path):
        name = format or ("text" if str(target) == STANDARD else format_of(str(target)))
        # An unknown name is refused before a file is made.
        _check_format(name)
        opened = open_text(str(target))
    else:
        name, opened = format or "text", contextlib.nullcontext(target)
    with opened as stream:
        options = WriterOptions(
            top=top,
            words=tuple(words),
            channels=any(window.channel is not None for window in windows),
            speakers=any(window.speaker is not None for window in windows),
            sets=any(window.prediction_set is not None for window in windows),
            annotation=annotation,
            whole=whole,
        )
        writer = make_writer(name, stream, labels, options)
        writer.begin()
        for window in windows:
            writer.write(window)
        writer.end()


def _labels_of(windows: Sequence[Window]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gives the labels of the voice and of the words that windows have, in their order."""
    voice: dict[str, None] = {}
    words: dict[str, None] = {}
    for window in windows:
        voice.update(dict.fromkeys(window.probabilities))
        if window.spoken is not None:
            words.update(dict.fromkeys(window.spoken.words.probabilities))
    return tuple(voice), tuple(words)


@contextlib.contextmanager
def open_text(target: str) -> Iterator[IO[str]]:
    """Opens a file, or standard output for ``-``, for text; a file is replaced when whole.

    Raises:
        SerError: The file cannot be written.
    """
    try:
        with open_output(target) as stream:
            yield cast(IO[str], stream)
    except OSError as error:
        if target == STANDARD or isinstance(error, BrokenPipeError):
            # A closed pipe is no failure: whoever reads standard output may stop.
            raise
        raise cannot_write(target, error, SerError) from error


class Output(NamedTuple):
    """A file, or ``-`` for standard output, and the format in which it is written."""

    path: str
    format: str


def resolve_outputs(targets: Sequence[str], format_name: str | None = None) -> list[Output]:
    """Lists the files that are to be written, with the format of each.

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
    paths = [path for target in targets for path in expand_braces(target)]
    for number, path in enumerate(paths):
        if any(os.path.normpath(path) == os.path.normpath(other) for other in paths[:number]):
            raise SerError(path, "is to be written twice", "name each output once")
    if len(paths) == 1 and format_name is not None:
        return [Output(paths[0], format_name)]
    if format_name is not None and STANDARD not in paths:
        raise ParameterError(
            "format",
            "does not go with several outputs",
            "leave it out: the endings of their names tell the formats",
            format_name,
        )
    return [
        Output(path, (format_name or "text") if path == STANDARD else format_of(path))
        for path in paths
    ]


def expand_braces(target: str) -> list[str]:
    """Expands a list in braces at the end of a target, and nothing else.

    Examples:
        >>> expand_braces("talk.{jsonl,vtt}"), expand_braces("a{b}.vtt")
        (['talk.jsonl', 'talk.vtt'], ['a{b}.vtt'])
    """
    found = re.fullmatch(r"(.*)\{([^{},/]+(?:,[^{},/]+)+)\}", target, re.DOTALL)
    if found is None:
        return [target]
    return [found[1] + ending for ending in found[2].split(",")]


def separate_outputs(targets: Sequence[str], inputs: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separates outputs from inputs where a shell has expanded the braces.

    Of ``-o talk.{jsonl,vtt} talk.wav`` a shell makes ``-o talk.jsonl talk.vtt talk.wav``, and only
    the first of them belongs to ``-o``. A word that differs from a target in nothing but one
    timeline ending for another is a target too: no recording is called that.

    Args:
        targets: What was given with ``-o``.
        inputs: What was given without an option.

    Returns:
        The targets and the inputs.
    """
    names = {_split_ending(target)[0] for target in targets if _split_ending(target)[1]}
    more = [word for word in inputs if _split_ending(word)[1] and _split_ending(word)[0] in names]
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
        if summaries and not FORMATS[name].summaries:
            able = ", ".join(other for other, kind in FORMATS.items() if kind.summaries)
            raise _format_error(path, name, "cannot hold summaries", f"use one of {able}")
        if recordings > 1 and FORMATS[name].one_recording:
            able = ", ".join(other for other, kind in FORMATS.items() if not kind.one_recording)
            cause = f"holds one recording, and here are {recordings}"
            cure = f"write a file for each, or use one of {able}"
            raise _format_error(path, name, cause, cure)


def _format_error(path: str, name: str, cause: str, cure: str) -> SerError:
    """Names the file, whose ending chose the format, or the parameter."""
    if path == STANDARD:
        return ParameterError("format", cause, cure, name)
    return SerError(path, f"{name} {cause}", cure)


def _split_ending(path: str) -> tuple[str, str]:
    """Splits a name before its timeline ending, which is empty if there is none."""
    for ending in _LONGEST_FIRST:
        if path.lower().endswith(ending) and len(Path(path).name) > len(ending):
            return path[: -len(ending)], path[-len(ending) :]
    return path, ""


def format_of(path: str) -> str:
    """Takes the format of a file from the ending of its name; without an ending it is text.

    Raises:
        SerError: The ending is unknown.
    """
    ending = _split_ending(path)[1]
    if ending:
        return _KNOWN[ending.lower()]
    suffix = Path(path).suffix
    if not suffix:
        return "text"
    known = ", ".join(sorted({*ENDINGS.values(), ".labels"}, key=str.lower))
    raise SerError(
        path,
        f"ends in {suffix}, which tells no format",
        f"give `format`, or end it in one of {known}",
    )
