"""Where timelines go: opened outputs, checked before any work is done."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ser.cli.console import Console, allows_colour
from ser.errors import AudioError, ParameterError, SerError
from ser.io.files import STANDARD
from ser.io.listing import walk
from ser.timeline.writers.base import MultiWriter, Writer
from ser.timeline.writers.registry import (
    Output,
    check_outputs,
    make_writer,
    open_text,
    resolve_outputs,
)


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
        found = resolve_outputs(targets, format_name)
        check_outputs(found, recordings=recordings, summaries=summaries)
    except ParameterError:
        # The command knows which option that is.
        raise
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
            color = path == STANDARD and stream.isatty() and allows_colour()
            writers.append(
                make_writer(
                    name, stream, labels, color=color, headings=headings, top=top, words=words
                )
            )
        writer = writers[0] if len(writers) == 1 else MultiWriter(writers)
        writer.begin(summaries=summaries)
        try:
            yield writer
        except KeyboardInterrupt:
            # Hours of results are not thrown away for the rest.
            interrupted = True
        writer.end()
    if interrupted:
        raise KeyboardInterrupt


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
