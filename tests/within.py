"""Commands run within the process of the tests, which has imported already what they need.

A process of its own costs a command up to six seconds of imports. Only what a process alone shows
needs one: signals, a broken pipe, a terminal, the environment that a library reads when imported.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, TextIO

from ser.cli.common import EXIT_INTERRUPTED, Command


class Finished(subprocess.CompletedProcess[bytes]):
    """A command that ended: `stdout` and `stderr` are bytes, `out` and `err` the same as text."""

    @property
    def out(self) -> str:
        return self.stdout.decode("utf-8")

    @property
    def err(self) -> str:
        return self.stderr.decode("utf-8")


def main_of(command: str) -> Command:
    """Gives the function behind a file of ``bin/``, such as ``ser-train``."""
    name = command.removeprefix("ser-").replace("-", "_")
    for module in (f"ser.cli.{name}.command", f"ser.cli.{name}"):
        with contextlib.suppress(ModuleNotFoundError):
            found = importlib.import_module(module).main
            assert isinstance(found, Command)
            return found
    raise ValueError(command)


def run_within(command: str, *arguments: object, cwd: Path, stdin: bytes = b"") -> Finished:
    """Runs a command as `subprocess.run` would, but in this process.

    Standard streams are files, and so are the descriptors 0, 1 and 2, which native libraries and
    child processes write to. The working directory and the environment are put back.

    Args:
        command: As in ``bin/``.
        *arguments: Anything that has a `str`.
        cwd: The working directory.
        stdin: What is read from standard input.

    Raises:
        KeyboardInterrupt: The command was interrupted.
    """
    words = [str(argument) for argument in arguments]
    main = main_of(command)
    with contextlib.ExitStack() as stack:
        given, out, err = (stack.enter_context(tempfile.TemporaryFile()) for _ in range(3))
        given.write(stdin)
        given.seek(0)
        with _place(cwd), _streams(given, out, err):
            code = main.main(words, standalone_mode=False)
        if code == EXIT_INTERRUPTED:
            # Ctrl-C was meant for the tests, and the command has caught it.
            raise KeyboardInterrupt
        out.seek(0)
        err.seek(0)
        return Finished([command, *words], code, out.read(), err.read())


@contextlib.contextmanager
def _place(folder: Path) -> Iterator[None]:
    before, environment = Path.cwd(), dict(os.environ)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        for name in set(os.environ) - set(environment):
            del os.environ[name]
        os.environ.update(environment)


@contextlib.contextmanager
def _streams(*files: BinaryIO) -> Iterator[None]:
    before = sys.stdin, sys.stdout, sys.stderr
    for stream in before[1:]:
        stream.flush()
    saved = [os.dup(number) for number in range(3)]
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
    opened = [_text(0, "r", "strict"), _text(1, "w", "strict"), _text(2, "w", "backslashreplace")]
    sys.stdin, sys.stdout, sys.stderr = opened
    try:
        yield
    finally:
        for stream in opened:
            stream.close()
        for number, descriptor in enumerate(saved):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin, sys.stdout, sys.stderr = before


def _text(number: int, mode: str, errors: str) -> TextIO:
    # Lines of standard error are written at once, as Python does it.
    buffering = 1 if number == 2 else -1
    return open(number, mode, buffering, encoding="utf-8", errors=errors, closefd=False)
