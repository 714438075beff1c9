"""Where timelines go: opened outputs, checked before any work is done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, cast

import click

from ser.cli.console import Console, allows_colour
from ser.errors import AudioError, SerError, cannot_write
from ser.io.files import STANDARD, open_output
from ser.io.listing import walk
from ser.timeline.writers.base import Tee, Writer
from ser.timeline.writers.registry import Output, check_outputs, make_writer, outputs


def checked_outputs(
    targets: Sequence[str],
    format_name: str | None,
    *,
    recordings: int = 1,
    summaries: bool = False,
) -> list[Output]:
    """Says which format goes where, and whether it can hold what is asked for.

    Raises:
        click.UsageError: It cannot, or nothing tells the format.
    """
    try:
        found = outputs(targets, format_name)
        check_outputs(found, recordings=recordings, summaries=summaries)
    except SerError as error:
        raise click.UsageError(str(error)) from error
    return found


@contextlib.contextmanager
def open_writer(
    found: Sequence[Output],
    labels: Sequence[str],
    *,
    headings: bool,
    top: int,
    summaries: bool = False,
    words: Sequence[str] = (),
) -> Iterator[Writer]:
    """Opens the outputs; interrupted, it completes what has been written."""
    interrupted = False
    with contextlib.ExitStack() as stack:
        writers = []
        for path, name in found:
            stream = stack.enter_context(open_text(path))
            colour = path == STANDARD and stream.isatty() and allows_colour()
            writers.append(
                make_writer(
                    name, stream, labels, colour=colour, headings=headings, top=top, words=words
                )
            )
        writer = writers[0] if len(writers) == 1 else Tee(writers)
        writer.begin(summaries=summaries)
        try:
            yield writer
        except KeyboardInterrupt:
            # Hours of results are not thrown away for the rest.
            interrupted = True
        writer.end()
    if interrupted:
        raise KeyboardInterrupt


@contextlib.contextmanager
def open_text(target: str) -> Iterator[IO[str]]:
    """Opens a file, or standard output, for text.

    Raises:
        SerError: The file cannot be written.
    """
    try:
        with open_output(target) as stream:
            yield cast(IO[str], stream)
    except OSError as error:
        if target == STANDARD or isinstance(error, BrokenPipeError):
            # The common main knows what these mean.
            raise
        raise cannot_write(target, error, SerError) from error


def recordings_in(console: Console, inputs: Sequence[Path]) -> Iterator[str]:
    """Walks folders; one without recordings is a failed input."""
    for path in inputs:
        if not path.is_dir():
            yield str(path)
            continue
        found = [str(file) for file in walk(path, console.fail)]
        if not found:
            console.fail(AudioError(path, "holds no audio files", "name audio files or a folder"))
        yield from found
