"""Outputs of timelines: their formats, checked before any work is done, and their files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import click

from ser.cli.console import Console, TerminalStream, allows_color
from ser.cli.parameters import say_options
from ser.errors import AudioError, ParameterError, SerError, cannot_write
from ser.io.files import STANDARD, TemporaryOutput, is_special
from ser.io.listing import PassedOver, is_folder, walk
from ser.timeline.summary import Summary
from ser.timeline.window import Window
from ser.timeline.writers.base import MultiWriter, Writer, WriterOptions
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


class CountingWriter(MultiWriter):
    """Writes to several outputs, and counts.

    Attributes:
        count: The windows and summaries that were written.
    """

    count = 0

    def write(self, window: Window) -> None:
        """Writes one window to every output."""
        self.count += 1
        super().write(window)

    def write_summary(self, summary: Summary) -> None:
        """Writes one summary to every output."""
        self.count += 1
        super().write_summary(summary)


@contextlib.contextmanager
def open_writer(
    console: Console,
    found: Sequence[Output],
    labels: Sequence[str],
    options: WriterOptions,
    *,
    summaries: bool = False,
) -> Iterator[Writer]:
    """Opens the outputs; see `open_stream` for what becomes of them."""
    writers: list[Writer] = []
    writer: CountingWriter | None = None

    def count() -> int:
        return 0 if writer is None else writer.count

    with contextlib.ExitStack() as stack:
        for path, name in found:
            stream = stack.enter_context(open_stream(console, path, count))
            shown = path == STANDARD and stream.isatty()
            color = shown and allows_color()
            if shown and name != "text":
                # What is for people shows names as they are safe to see; data are as they are.
                stream = cast("IO[str]", TerminalStream(stream))
            writers.append(make_writer(name, stream, labels, replace(options, color=color)))
        writer = CountingWriter(writers)
        writer.begin(summaries=summaries)
        try:
            yield writer
        except BaseException:
            # What is kept is to be complete in its format.
            with contextlib.suppress(SerError, OSError, ValueError):
                writer.end()
            raise
        writer.end()


@contextlib.contextmanager
def open_stream(console: Console, path: str, count: Callable[[], int]) -> Iterator[IO[str]]:
    """Opens an output that grows as inputs are read: a file, or standard output for ``-``.

    A file appears when the block ends; an older one stays where nothing was written because inputs
    failed. After an interruption, or an error that ends the block, the older one stays too, and
    what was written is kept beside it under a name that says so: hours of results are not thrown
    away.

    Args:
        console: Says what was kept, and counts failures.
        path: The file.
        count: Says how many results were written.

    Raises:
        SerError: The file cannot be written.
    """
    if path == STANDARD or is_special(Path(path)):
        with open_text(path) as stream:
            yield stream
        return
    failures = console.failures
    with contextlib.ExitStack() as stack:
        try:
            temporary = TemporaryOutput(Path(path))
            stack.callback(temporary.discard)
            try:
                with temporary.create().open("w", encoding="utf-8", newline="") as stream:
                    yield stream
            except BaseException:
                if count():
                    console.say(f"what was found until then is in {temporary.commit_partial()}")
                raise
            if console.failures > failures and not count():
                console.note(f"{path} is not written, for nothing could be read")
                return
            temporary.commit()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot_write(path, error, SerError) from error


def walk_recordings(console: Console, inputs: Sequence[Path]) -> Iterator[str]:
    """Gives the recordings among inputs, and in folders; an empty folder is a failed input."""
    for path in inputs:
        if not is_folder(path):
            yield str(path)
            continue
        others = PassedOver()
        found = [str(file) for file in walk(path, console.fail, others.add)]
        said = others.remark()
        if said is not None:
            console.note(f"{path}: {said}")
        if not found:
            console.fail(AudioError(path, "holds no audio files", "name audio files or a folder"))
        yield from found
