"""Outputs of timelines: their formats, checked before any work is done, and their files."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from ser.cli.console import Console, allows_color
from ser.cli.parameters import say_options
from ser.errors import AudioError, ParameterError, SerError
from ser.io.files import STANDARD
from ser.io.listing import is_folder, walk
from ser.timeline.writers.base import MultiWriter, Writer
from ser.timeline.writers.registry import (
    Output,
    check_outputs,
    make_writer,
    open_text,
    resolve_outputs,
)


def choose_outputs(
    targets: Sequence[str],
    format_name: str | None,
    *,
    recordings: int = 1,
    summaries: bool = False,
) -> list[Output]:
    """Finds the format of each output, and checks that it can hold what is asked for.

    Args:
        targets: What ``-o`` names.
        format_name: What ``--format`` names, or None.
        recordings: How many recordings the outputs are of.
        summaries: Whether they get summaries instead of windows.

    Raises:
        click.UsageError: A format cannot hold that, or nothing tells the format.
        ParameterError: The same, where ``--format`` names it.
    """
    try:
        found = resolve_outputs(targets, format_name)
        check_outputs(found, recordings=recordings, summaries=summaries)
    except ParameterError:
        # The command knows which option that is.
        raise
    except SerError as error:
        context = click.get_current_context(silent=True)
        message = str(error) if context is None else say_options(context.command, str(error))
        raise click.UsageError(message) from error
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
            color = path == STANDARD and stream.isatty() and allows_color()
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


def walk_recordings(console: Console, inputs: Sequence[Path]) -> Iterator[str]:
    """Gives the recordings among inputs, and in folders; an empty folder is a failed input."""
    for path in inputs:
        if not is_folder(path):
            yield str(path)
            continue
        found = [str(file) for file in walk(path, console.fail)]
        if not found:
            console.fail(AudioError(path, "holds no audio files", "name audio files or a folder"))
        yield from found
