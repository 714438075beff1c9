"""The options that commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from ser.cli.console import is_terminal
from ser.cli.exclusive import Excludes
from ser.cli.paths import InputPath, OutputPath, TimelineOutputs
from ser.errors import ParameterError, SerError, require
from ser.io.files import STANDARD
from ser.parallel.resources import usable_cores
from ser.pretrained import DEFAULT_MODEL, find_model

Device = Literal["auto", "cpu", "gpu"]
F = TypeVar("F", bound=Callable[..., Any])


def audio_arguments(function: F) -> F:
    """Adds AUDIO... with ``--files-from`` and ``--files0-from``; see `collect_inputs`."""
    function = click.option(
        "--files0-from",
        metavar="FILE",
        type=InputPath(allow_dash=True),
        help="Read more inputs from FILE (- is stdin), separated by NUL, as find -print0 writes.",
    )(function)
    function = click.option(
        "--files-from",
        metavar="FILE",
        type=InputPath(allow_dash=True),
        help="Read more inputs from FILE (- is stdin), one per line.",
    )(function)
    return click.argument("audio", nargs=-1, metavar="AUDIO...", type=InputPath(allow_dash=True))(
        function
    )


def model_option(function: F) -> F:
    """Adds ``--model``, the classifier of voices."""
    return click.option(
        "--model",
        metavar="MODEL.keras|small",
        type=InputPath(),
        default=str(DEFAULT_MODEL),
        show_default="the one that comes with ser",
        callback=lambda context, parameter, value: str(find_model(value)),
        envvar="SER_MODEL",
        help="The classifier of voices; small is a smaller and faster one that comes with ser. "
        "Also the environment variable SER_MODEL.",
    )(function)


def timeline_output_options(function: Any) -> Any:
    """Adds ``--output``, which may name several files, and ``--top``."""
    options = [
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            type=TimelineOutputs(allow_dash=True),
            multiple=True,
            default=(STANDARD,),
            show_default="-",
            help="Where the timeline is written; - is stdout. NAME.{jsonl,vtt} writes both.",
        ),
        click.option(
            "--top",
            metavar="K",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Show the K most probable emotions, in text and subtitles.",
        ),
    ]
    return with_options(options, function)


class ChannelName(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """``mix``, ``each``, or the number of a channel.

    Args:
        each: Every channel by itself can be asked for.
        former: Words that the option once took, and still takes.
    """

    name = "channel"

    def __init__(self, *, each: bool = True, former: Sequence[str] = ()) -> None:
        self._each = each
        self._former = tuple(former)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Shows what there is to choose from."""
        return "mix|1|2|…|each" if self._each else "mix|1|2|…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the name."""
        if not isinstance(value, str) or value in self._former:
            return value
        # Imported here, because it brings NumPy along, which --help does not need.
        from ser.audio.selection import parse_channel

        try:
            found = parse_channel(value)
        except ParameterError:
            found = "each"
            if self._each:
                self.fail(f"{value!r} is no channel; give mix, each, 1, 2, …", param, ctx)
        if found == "each" and not self._each:
            self.fail(f"{value!r} is no channel here; give mix, 1, 2, …", param, ctx)
        return found


def sound_options(*, each: bool = True, former: Sequence[str] = ()) -> Callable[[F], F]:
    """Adds ``--channel`` and ``--track``: which sound of a recording is read.

    Args:
        each: Every channel by itself can be asked for.
        former: Words that ``--channel`` once took.
    """
    options = [
        click.option(
            "--channel",
            type=ChannelName(each=each, former=former),
            default="mix",
            show_default=True,
            help="Which channel is heard: the mean of all, one by its number"
            + (", or each by itself." if each else "."),
        ),
        click.option(
            "--track",
            metavar="N",
            type=click.IntRange(1),
            help="Which audio track, where a file has several.  [default: the one that the file "
            "calls its default]",
        ),
    ]
    return lambda function: with_options(options, function)


def collect_inputs(
    audio: Sequence[str], files_from: str | None = None, files0_from: str | None = None
) -> list[Path]:
    """Gathers the inputs that `audio_arguments` takes, in the order given.

    Args:
        audio: Paths from the command line; ``-`` is standard input.
        files_from: A file with one path per line, or ``-``.
        files0_from: A file with paths separated by NUL, or ``-``.

    Returns:
        The paths as given; folders are not walked here.

    Raises:
        click.UsageError: No input is given, or standard input is asked for twice.
        SerError: A list cannot be read or holds no path.
    """
    check_stdin([*audio, files_from, files0_from])
    paths = [Path(name) for name in audio]
    for source, separator in ((files_from, b"\n"), (files0_from, b"\0")):
        if source is not None:
            paths += _read_list(source, separator)
    if not paths:
        raise click.UsageError("No input is given: name files, folders or - for standard input.")
    return paths


def check_stdin(sources: Iterable[str | None]) -> None:
    """Refuses to read standard input twice.

    Args:
        sources: Everything that is read; ``-`` is standard input.

    Raises:
        click.UsageError: It is there more than once.
    """
    if list(sources).count(STANDARD) > 1:
        raise click.UsageError("Standard input (-) can be read only once.")


def seed_option(default: int = 0) -> Callable[[F], F]:
    """Adds ``--seed``: the same seed gives the same result."""
    return click.option(
        "--seed",
        type=click.IntRange(0, 2**32 - 1),
        default=default,
        show_default=True,
        metavar="INTEGER",
        help="Seed of everything random; the same seed gives the same result.",
    )


def jobs_option(function: F) -> F:
    """Adds ``-j/--jobs``: the number of processes, by default the usable cores."""
    return click.option(
        "-j",
        "--jobs",
        type=click.IntRange(1),
        default=usable_cores,
        show_default="all usable cores",
        metavar="INTEGER",
        help="Processes that work at the same time.",
    )(function)


def with_options(options: Sequence[Any], function: Any) -> Any:
    """Adds several options, which the help shows in this order."""
    for option in reversed(options):
        function = option(function)
    return function


def output_option(
    help: str = "Where the result is written; - is stdout.",
    *,
    default: str | None = STANDARD,
    metavar: str = "FILE",
    required: bool = False,
) -> Callable[[F], F]:
    """Adds ``-o/--output``, a `str` named ``output``; see `refuse_terminal`.

    Args:
        help: What is written there.
        default: The output where none is given.
        metavar: How the help names the value.
        required: Insist on the option.
    """
    # To click a default of None is a default, which satisfies what is required.
    fallback: dict[str, Any] = (
        {} if required or default is None else {"default": default, "show_default": True}
    )
    return click.option(
        "-o",
        "--output",
        metavar=metavar,
        type=OutputPath(allow_dash=True),
        required=required,
        help=help,
        **fallback,
    )


def json_option(function: F) -> F:
    """Adds ``--json`` as the flag ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON for programs.")(
        function
    )


def device_option(function: F) -> F:
    """Adds ``--device``: auto, cpu or gpu."""
    return click.option(
        "--device",
        type=click.Choice(["auto", "cpu", "gpu"]),
        default="auto",
        show_default=True,
        help="Where networks run; auto takes a GPU where there is one.",
    )(function)


def refuse_terminal(output: str) -> None:
    """Refuses to write binary data to a terminal.

    Raises:
        click.UsageError: `output` is ``-`` and standard output is a terminal.
    """
    if output == STANDARD and is_terminal(sys.stdout):
        raise click.UsageError("Binary data is not written to a terminal: give -o FILE or a pipe.")


def _read_list(source: str, separator: bytes) -> list[Path]:
    name = "standard input" if source == STANDARD else source
    try:
        data = sys.stdin.buffer.read() if source == STANDARD else Path(source).read_bytes()
    except OSError as error:
        cause = f"cannot be read ({error.strerror or error})"
        raise SerError(name, cause, "give a file that lists paths") from error
    if separator == b"\n" and b"\0" in data:
        raise SerError(
            name,
            "has NUL bytes and is no list of lines",
            "save it as UTF-8, or use --files0-from",
        )
    entries = [
        entry.rstrip(b"\r") if separator == b"\n" else entry for entry in data.split(separator)
    ]
    # os.fsdecode keeps file names that are not UTF-8.
    paths = [Path(os.fsdecode(entry)) for entry in entries if entry]
    if not paths:
        between = "one path per line" if separator == b"\n" else "paths with NUL between them"
        raise SerError(name, "lists no files", f"write {between}")
    return paths


NO_JOBS = Excludes("--jobs", "--cluster", "a cluster has as many as its workers")
"""The rule of commands that work on this machine or on others."""


def cluster_option(function: Any) -> Any:
    """Adds ``--cluster``; see `check_cluster`."""
    return click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Let the workers of a Dask scheduler do it: tcp://host:8786. Needs the extra "
        "[cluster].",
    )(function)


def check_cluster(address: str) -> None:
    """Sees that there is the address of a scheduler, and Dask to reach it.

    Raises:
        DependencyError: Dask is not installed.
        click.UsageError: The address is empty.
    """
    if not address:
        # Dask would start a cluster of its own on this machine.
        raise click.UsageError("--cluster needs the address of a scheduler, as tcp://host:8786.")
    require("--cluster", "distributed")
