"""What every command shares: exit codes, messages, progress, signals and common options.

A command is a function that takes a `Console` and its own options::

    @command("ser-merge")
    @output_option()
    def main(console: Console, output: str) -> None:
        '''Concatenates feature tables.'''

`main` is then the entry point. It never shows a traceback unless ``--debug`` is given, and its exit
code is 0 when all went well, 1 when an input failed, 2 for wrong usage, 130 after an interruption
and 143 after a termination. A reader that closes the pipe (``| head``) ends it quietly.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Literal, TypeVar

import click

from ser import __version__
from ser.errors import SerError
from ser.files import STANDARD

Device = Literal["auto", "cpu", "gpu"]
F = TypeVar("F", bound=Callable[..., Any])

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


class Terminated(KeyboardInterrupt):
    """The process was asked to end by a signal.

    It is an interruption, so that context managers and ``finally`` blocks clean up on the way out.

    Attributes:
        signum: The number of the signal.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(signum)


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

    def describe(self, text: str) -> None:
        """Changes the words before the bar, as from one epoch to the next."""
        if self._bar is not None:
            self._bar.set_description(text)

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

    Attributes:
        failures: How many inputs have failed.
    """

    def __init__(
        self, name: str, *, quiet: bool = False, verbose: bool = False, debug: bool = False
    ) -> None:
        self.name = name
        self.quiet = quiet
        self.verbose = verbose
        self.debug = debug
        self.failures = 0
        self._bar: Any = None

    @property
    def exit_code(self) -> int:
        """0 when nothing failed, otherwise 1."""
        return EXIT_FAILED if self.failures else 0

    @property
    def colour(self) -> bool:
        """Whether messages may be coloured: on a terminal, unless NO_COLOR is set."""
        return _is_terminal(sys.stderr) and allows_colour()

    def info(self, message: str) -> None:
        """Says something of use to most, such as a summary; silent with ``--quiet``."""
        if not self.quiet:
            self._write(message)

    def detail(self, message: str) -> None:
        """Says something of use to a few; only with ``--verbose``."""
        if self.verbose and not self.quiet:
            self._write(message)

    def note(self, message: str) -> None:
        """Says what the user may not expect but need not mend; silent with ``--quiet``."""
        if not self.quiet:
            self._write(self._labelled("note", "cyan", message))

    def warn(self, message: str) -> None:
        """Says what is probably wrong; silent with ``--quiet``."""
        if not self.quiet:
            self._write(self._labelled("warning", "yellow", message))

    def fail(self, error: SerError | OSError | str) -> None:
        """Reports one failed input on one line and makes the exit code 1."""
        self.failures += 1
        if self.debug and isinstance(error, BaseException):
            self.trace(error)
        self._write(self._labelled("error", "red", _one_line(error)))

    def say(self, message: str) -> None:
        """Says something under the command's name, ``--quiet`` or not."""
        self._write(f"{self.name}: {message}")

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
        if self.quiet or not _is_terminal(sys.stderr):
            yield Progress()
            return
        from tqdm import tqdm

        outer = self._bar
        with tqdm(
            total=total,
            unit=f" {unit}",
            desc=description or None,
            file=sys.stderr,
            dynamic_ncols=True,
            leave=False,
            unit_scale=scale,
        ) as bar:
            self._bar = bar
            try:
                yield Progress(bar)
            finally:
                self._bar = outer

    def _labelled(self, label: str, colour: str, message: str) -> str:
        word = click.style(f"{label}:", fg=colour, bold=True) if self.colour else f"{label}:"
        return f"{self.name}: {word} {message}"

    def _write(self, message: str) -> None:
        try:
            if self._bar is None:
                click.echo(message, err=True, color=self.colour)
            else:
                # tqdm lifts the bar, writes the line and draws the bar again below it.
                self._bar.write(message, file=sys.stderr)
        except BrokenPipeError:
            # Nobody reads the messages any more; the work itself may still be wanted.
            _discard(sys.stderr)


class Command(click.Command):
    """A click command whose `main` keeps the exit codes described in this module."""

    def main(  # type: ignore[override]  # click's overloads speak of its own exit codes
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> int:
        """Runs the command.

        Args:
            args: The arguments; `sys.argv` where None.
            prog_name: The name in messages; the command's own where None.
            complete_var: The environment variable that asks for shell completion.
            standalone_mode: Exit the process; otherwise the exit code is returned.
            **extra: Passed to the click context.

        Returns:
            The exit code.

        Raises:
            SystemExit: With the exit code, in `standalone_mode`.
        """
        name = prog_name or self.name or "ser"
        code = self._complete(name, complete_var)
        if code is None:
            with _signals(), warnings.catch_warnings():
                code = self._run(name, sys.argv[1:] if args is None else list(args), extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(self, name: str, args: list[str], extra: dict[str, Any]) -> int:
        console = Console(name, debug="--debug" in args)
        try:
            with self.make_context(name, args, **extra) as context:
                console = context.obj = Console(
                    name, **{key: context.params.pop(key) for key in ("quiet", "verbose", "debug")}
                )
                if not console.debug:
                    # Warnings of libraries are for developers; users get the console's.
                    warnings.simplefilter("ignore")
                context.invoke(self.callback, console, **context.params)  # type: ignore[arg-type]
            sys.stdout.flush()
        except click.exceptions.Exit as stop:
            return _flushed(stop.exit_code)
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except (KeyboardInterrupt, click.Abort) as error:
            _discard(sys.stdout)
            return _interrupted(console, error)
        except BrokenPipeError:
            _discard(sys.stdout)
            return console.exit_code
        except SerError as error:
            console.fail(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                _discard(sys.stdout)
                return console.exit_code
            console.fail(error)
            # What could not be written now cannot be written at exit either.
            _discard(sys.stdout)
        except MemoryError as error:
            console.fail(SerError("memory", f"is exhausted ({error or 'no details'})"))
        except Exception as error:
            _internal(console, error)
        return _flushed(console.exit_code)

    def _complete(self, name: str, variable: str | None) -> int | None:
        variable = variable or f"_{name}_COMPLETE".replace("-", "_").replace(".", "_").upper()
        instruction = os.environ.get(variable)
        if not instruction:
            return None
        from click.shell_completion import shell_complete

        return shell_complete(self, {}, name, variable, instruction)


def command(
    name: str, *, cls: type[Command] = Command, **settings: Any
) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function a command with the options that all commands have.

    Args:
        name: The command's name, such as ``ser-merge``.
        cls: The class of the command, where one parses its options in its own way.
        **settings: Passed to `click.Command`.

    Returns:
        A decorator. The function gets a `Console` first and its options by name; what it returns
        is ignored, for the console counts the failures that make the exit code.
    """
    context = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    context.update(settings.pop("context_settings", {}))

    def decorate(function: Callable[..., Any]) -> Command:
        made = click.command(name, cls=cls, context_settings=context, **settings)(function)
        # Behind the command's own options, where the help shows them last.
        made.params += _common_options(name)
        return made

    return decorate


def _common_options(name: str) -> list[click.Parameter]:
    @click.command()
    @click.option("-q", "--quiet", is_flag=True, help="Say errors alone.")
    @click.option("-v", "--verbose", is_flag=True, help="Say more on stderr.")
    @click.option("--debug", is_flag=True, help="Show tracebacks and the warnings of libraries.")
    @click.version_option(__version__, prog_name=name, message="%(prog)s %(version)s")
    def holder() -> None: ...

    return holder.params


def audio_arguments(function: F) -> F:
    """Adds AUDIO... with ``--files-from`` and ``--files0-from``; see `collect_inputs`."""
    function = click.option(
        "--files0-from",
        metavar="FILE",
        type=click.Path(allow_dash=True),
        help="Read more inputs from FILE (- is stdin), separated by NUL, as find -print0 writes.",
    )(function)
    function = click.option(
        "--files-from",
        metavar="FILE",
        type=click.Path(allow_dash=True),
        help="Read more inputs from FILE (- is stdin), one per line.",
    )(function)
    return click.argument("audio", nargs=-1, metavar="AUDIO...", type=click.Path(allow_dash=True))(
        function
    )


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
    if [*audio, files_from, files0_from].count(STANDARD) > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    paths = [Path(name) for name in audio]
    for source, separator in ((files_from, b"\n"), (files0_from, b"\0")):
        if source is not None:
            paths += _read_list(source, separator)
    if not paths:
        raise click.UsageError("No input is given: name files, folders or - for standard input.")
    return paths


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
    return click.option(
        "-o",
        "--output",
        metavar=metavar,
        type=click.Path(allow_dash=True),
        required=required,
        default=None if required else default,
        show_default=not required and default is not None,
        help=help,
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
    if output == STANDARD and _is_terminal(sys.stdout):
        raise click.UsageError("Binary data is not written to a terminal: give -o FILE or a pipe.")


def usable_cores() -> int:
    """Counts the processor cores that this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", _affinity)
    return count() or 1


def allows_colour() -> bool:
    """Says whether the environment allows coloured text (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _affinity() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def _read_list(source: str, separator: bytes) -> list[Path]:
    try:
        data = sys.stdin.buffer.read() if source == STANDARD else Path(source).read_bytes()
    except OSError as error:
        raise SerError(source, f"cannot be read ({error.strerror or error})") from error
    names = [name.rstrip(b"\r") if separator == b"\n" else name for name in data.split(separator)]
    # os.fsdecode keeps file names that are not UTF-8.
    paths = [Path(os.fsdecode(name)) for name in names if name]
    if not paths:
        raise SerError(source, "lists no files", "write one path per line")
    return paths


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _one_line(error: SerError | OSError | str) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'input or output'}: {error.strerror}"
    return " ".join(str(error).split())


def _interrupted(console: Console, error: BaseException) -> int:
    if console.debug:
        console.trace(error)
    if isinstance(error, Terminated):
        console.say("terminated")
        return 128 + error.signum
    console.say("interrupted")
    return EXIT_INTERRUPTED


def _internal(console: Console, error: Exception) -> None:
    hint = "" if console.debug else " (run with --debug for the traceback)"
    if console.debug:
        console.trace(error)
    console.fail(f"internal error: {type(error).__name__}: {error}{hint}")


def _flushed(code: int) -> int:
    # Python flushes once more at exit and would then complain in its own words.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError:
        _discard(sys.stdout)
        return code or EXIT_FAILED
    return code


def _discard(stream: Any) -> None:
    try:
        descriptor = stream.fileno()
    except (AttributeError, ValueError, io.UnsupportedOperation):
        # A stand-in without a file behind it cannot be a broken pipe.
        return
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, descriptor)
    os.close(devnull)


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()

    def end(signum: int, frame: FrameType | None) -> None:
        if os.getpid() != owner:
            # A forked worker inherits this handler, but is ended by its parent and has
            # nothing to tidy up: it dies as if there were no handler.
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            return
        raise Terminated(signum)

    before = {}
    for signum in (getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")):
        # nohup asks for SIGHUP to be ignored, and that stays so.
        if signum is not None and signal.getsignal(signum) == signal.SIG_DFL:
            before[signum] = signal.signal(signum, end)
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
