"""What a command says: messages and progress on standard error."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import IO, Any

import click

from ser.errors import SerError, ends_all
from ser.wording import visible

EXIT_FAILED = 1
"""The exit code when an input failed."""


_LONGEST = 4_000


class Progress:
    """How far a long piece of work has come; a bar on a terminal, silence elsewhere.

    Attributes:
        done: The units finished so far.
    """

    def __init__(self, bar: Any = None) -> None:
        self._bar = bar
        self.done = 0

    def update(self, n: int = 1) -> None:
        """Counts `n` more units as done; usable as the core's ``progress`` callback."""
        self.done += n
        if self._bar is not None:
            self._bar.update(n)

    def expect(self, total: int) -> None:
        """Says how many units there are, once that is known."""
        if self._bar is not None:
            self._bar.reset(total)

    def describe(self, text: str) -> None:
        """Changes the words before the bar, as from one epoch to the next."""
        if self._bar is not None:
            self._bar.set_description(visible(text))

    def measure(self, **values: float | str) -> None:
        """Shows figures behind the bar, such as the loss."""
        if self._bar is not None:
            self._bar.set_postfix(values)


class Console:
    """Where a command's messages go: standard error, so that standard output is data alone.

    Args:
        name: The command's name, in front of its messages.
        quiet: Show errors alone.
        verbose: Show details as well.
        debug: Show the traceback of errors.
        render: Gives errors the words of the command line; see `ser.cli.parameters.say_options`.

    Attributes:
        failures: How many inputs have failed.
    """

    def __init__(
        self,
        name: str,
        *,
        quiet: bool = False,
        verbose: bool = False,
        debug: bool = False,
        render: Callable[[str], str] = str,
    ) -> None:
        self.name = name
        self.quiet = quiet
        self.verbose = verbose
        self.debug = debug
        self.failures = 0
        self._render = render
        self._bar: Any = None

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, otherwise 1."""
        return EXIT_FAILED if self.failures else 0

    @property
    def colour(self) -> bool:
        """Whether messages may be coloured: on a terminal, unless NO_COLOR is set."""
        return is_terminal(sys.stderr) and allows_color()

    def info(self, message: str) -> None:
        """Says something of use to most, such as a summary; silent with ``--quiet``."""
        if not self.quiet:
            self._write(visible(message))

    def detail(self, message: str) -> None:
        """Says something of use to a few; only with ``--verbose``."""
        if self.verbose and not self.quiet:
            self._write(visible(message))

    def note(self, message: str) -> None:
        """Says what the user may not expect but need not mend; silent with ``--quiet``."""
        if not self.quiet:
            self._write(self._labelled("note", "cyan", message))

    def remark(self, text: str) -> None:
        """Notes what the package says of an input, with options in the place of parameters."""
        self.note(self._render(text))

    def warn(self, message: str) -> None:
        """Says what is probably wrong; silent with ``--quiet``."""
        if not self.quiet:
            self._write(self._labelled("warning", "yellow", message))

    def fail(self, error: SerError | OSError | str) -> None:
        """Reports one failed input on one line and makes the exit code 1."""
        self.failures += 1
        if self.debug and isinstance(error, BaseException):
            self.trace(error)
        self._write(self._labelled("error", "red", self._render(_one_line(error))))

    def say(self, message: str) -> None:
        """Says something under the command's name, ``--quiet`` or not."""
        self._write(f"{self.name}: {visible(message)}")

    def trace(self, error: BaseException) -> None:
        """Shows where an exception came from."""
        self._write("".join(traceback.format_exception(error)).rstrip())

    @contextlib.contextmanager
    def progress(
        self, total: int | None, unit: str = "it", description: str = "", *, scale: bool = False
    ) -> Iterator[Progress]:
        """Shows a bar with rate and time left while the block runs.

        Args:
            total: How many units there are, or None where that is not known.
            unit: What is counted, such as ``clip``.
            description: Words before the bar.
            scale: Write thousands as k and M, for bytes and samples.

        Yields:
            A `Progress`, which draws only on a terminal and not with ``--quiet``.
        """
        if self.quiet or not is_terminal(sys.stderr):
            yield Progress()
            return
        from tqdm import tqdm

        outer = self._bar
        with tqdm(
            total=total,
            unit=f" {unit}",
            desc=visible(description) or None,
            file=sys.stderr,
            leave=False,
            unit_scale=scale,
            # A terminal that does not know its size would get a bar of no columns from tqdm.
            **({"dynamic_ncols": True} if _knows_size() else {"ncols": 80, "nrows": 24}),
        ) as bar:
            self._bar = bar
            try:
                yield Progress(bar)
            finally:
                self._bar = outer

    def _labelled(self, label: str, colour: str, message: str) -> str:
        message = visible(message)
        word = click.style(f"{label}:", fg=colour, bold=True) if self.colour else f"{label}:"
        return f"{self.name}: {word} {message}"

    def _write(self, message: str) -> None:
        try:
            if self._bar is None:
                click.echo(message, err=True, color=self.colour)
            else:
                # tqdm lifts the bar, writes the line and draws the bar again below it.
                self._bar.write(message, file=sys.stderr)
        except OSError:
            # Nobody reads the messages any more, or there is no room for them; the work itself may
            # still be wanted.
            discard(sys.stderr)


def _knows_size() -> bool:
    try:
        return all(os.get_terminal_size(sys.stderr.fileno()))
    except (OSError, ValueError):
        return False


def allows_color() -> bool:
    """Says whether the environment allows coloured text (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_terminal(stream: Any) -> bool:
    """Says whether a stream writes to a terminal."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def discard(stream: Any) -> None:
    """Sends what a stream still holds nowhere, so that Python's own flush at exit succeeds."""
    try:
        descriptor = stream.fileno()
    except (AttributeError, ValueError, io.UnsupportedOperation):
        # A stand-in without a file behind it cannot be a broken pipe.
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, descriptor)
    os.close(devnull)


class TerminalStream:
    """Text for a terminal: writes all but line ends and tabulators visibly; see `visible`.

    Args:
        stream: Where it goes.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Writes text."""
        return self._stream.write("".join(map(_visible_part, re.split(r"(\r?\n|\t)", text))))

    def __getattr__(self, name: str) -> Any:
        """Does everything else as the stream does."""
        return getattr(self._stream, name)


def _visible_part(text: str) -> str:
    return text if text in ("\r\n", "\n", "\t") else visible(text)


def _one_line(error: SerError | OSError | str) -> str:
    if isinstance(error, OSError) and error.filename is None and ends_all(error):
        return f"standard output: cannot be written ({error.strerror})"
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'input or output'}: {error.strerror}"
    text = " ".join(str(error).split())
    # A damaged file may have a name or a value of any length in it.
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
