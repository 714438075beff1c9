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
import functools
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import click

from ser import __version__
from ser.cli.console import EXIT_FAILED, Console, Progress, allows_color, discard
from ser.cli.exclusive import Rule, check_names, check_rules
from ser.cli.options import (
    Device,
    audio_arguments,
    collect_inputs,
    device_option,
    jobs_option,
    json_option,
    output_option,
    refuse_terminal,
    seed_option,
)
from ser.cli.parameters import say_options, suggest_choices, usage_error
from ser.cli.paths import check_files
from ser.cli.signals import Terminated, raise_on_signals
from ser.cli.streams import open_closed_streams
from ser.errors import OverwritingError, ParameterError, SerError, how_to_get, interruptions
from ser.wording import visible

__all__ = [
    "Command",
    "Console",
    "Device",
    "Progress",
    "Terminated",
    "allows_color",
    "audio_arguments",
    "collect_inputs",
    "command",
    "device_option",
    "jobs_option",
    "json_option",
    "output_option",
    "refuse_terminal",
    "seed_option",
]

EXIT_INTERRUPTED = 130


class Command(click.Command):
    """A click command whose `main` keeps the exit codes described in this module.

    Attributes:
        rules: Which options exclude or need each other; see `ser.cli.exclusive`.
    """

    rules: tuple[Rule, ...] = ()

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Reads the options, and refuses those that do not go together.

        Raises:
            click.UsageError: There are such.
            OverwritingError: An output is an input, or another output.
        """
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            check_rules(self, ctx, self.rules)
            check_files(self, ctx)
        return rest

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
        open_closed_streams()
        name = prog_name or self.name or "ser"
        code = self._complete(name, complete_var)
        if code is None:
            with raise_on_signals(), warnings.catch_warnings():
                code = self._run(name, sys.argv[1:] if args is None else list(args), extra)
        if standalone_mode:
            sys.exit(code)
        return code

    def _run(self, name: str, args: list[str], extra: dict[str, Any]) -> int:
        say = functools.partial(say_options, self)
        console = Console(name, debug="--debug" in args, render=say)
        # The parser empties the list.
        flags_given = {arg.partition("=")[0] for arg in args}
        try:
            with self.make_context(name, args, **extra) as context:
                flags = {key: context.params.pop(key) for key in ("quiet", "verbose", "debug")}
                console = context.obj = Console(name, render=say, **flags)
                if not console.debug:
                    # Warnings of libraries are for developers; users get the console's.
                    warnings.simplefilter("ignore")
                with interruptions():
                    context.invoke(self.callback, console, **context.params)  # type: ignore[arg-type]
            sys.stdout.flush()
        except click.exceptions.Exit as stop:
            return _flush(stop.exit_code)
        except click.ClickException as error:
            return self._show(name, error)
        except (KeyboardInterrupt, click.Abort) as error:
            return _flush(_report_interruption(console, error))
        except BrokenPipeError:
            discard(sys.stdout)
            return console.exit_code
        except ParameterError as error:
            usage = usage_error(self, error, flags_given)
            if usage is not None:
                if console.debug:
                    console.trace(error)
                return self._show(name, usage)
            console.fail(error)
        except OverwritingError as error:
            return self._show(name, click.UsageError(f"{error}."))
        except SerError as error:
            console.fail(error)
        except OSError as error:
            if error.errno == errno.EPIPE:
                discard(sys.stdout)
                return console.exit_code
            console.fail(error)
            # What could not be written now cannot be written at exit either.
            discard(sys.stdout)
        except ModuleNotFoundError as error:
            # As in a checkout that is run with a Python of other packages.
            console.fail(
                SerError(
                    f"Python package {error.name}",
                    "is not installed",
                    how_to_get(error.name or ""),
                )
            )
        except MemoryError as error:
            console.fail(SerError("memory", f"is exhausted ({error or 'no details'})"))
        except Exception as error:
            _report_bug(console, error)
        return _flush(console.exit_code)

    def _show(self, name: str, error: click.ClickException) -> int:
        if isinstance(error, click.UsageError) and error.ctx is None:
            # click's parser does not say whose usage it was.
            error.ctx = click.Context(self, info_name=name)
        # The words of the command line are in it.
        error.message = visible(error.message)  # type: ignore[misc]
        with contextlib.suppress(OSError):
            error.show()
        return error.exit_code

    def _complete(self, name: str, variable: str | None) -> int | None:
        variable = variable or f"_{name}_COMPLETE".replace("-", "_").replace(".", "_").upper()
        instruction = os.environ.get(variable)
        if not instruction:
            return None
        from click.shell_completion import shell_complete

        return shell_complete(self, {}, name, variable, instruction)


def command(
    name: str,
    *,
    cls: type[Command] = Command,
    rules: Sequence[Rule] = (),
    **settings: Any,
) -> Callable[[Callable[..., Any]], Command]:
    """Makes a function a command with the options that all commands have.

    Args:
        name: The command's name, such as ``ser-merge``.
        cls: The class of the command, where one parses its options in its own way.
        rules: Which options exclude or need each other; see `ser.cli.exclusive`.
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
        suggest_choices(made)
        check_names(made, rules)
        made.rules = tuple(rules)
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


def _report_interruption(console: Console, error: BaseException) -> int:
    if console.debug:
        console.trace(error)
    if isinstance(error, Terminated):
        console.say("terminated")
        return 128 + error.signum
    console.say("interrupted")
    return EXIT_INTERRUPTED


def _report_bug(console: Console, error: Exception) -> None:
    hint = "" if console.debug else " (run with --debug for the traceback)"
    if console.debug:
        console.trace(error)
    console.fail(f"internal error: {type(error).__name__}: {error}{hint}")


def _flush(code: int) -> int:
    # Python flushes once more at exit and would then complain in its own words.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError:
        discard(sys.stdout)
        return code or EXIT_FAILED
    return code
