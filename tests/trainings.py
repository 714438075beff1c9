"""ser-train with a small network, for tests that do not depend on the architecture."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import ROOT
from spoken import Small, training_with
from within import Finished, run_within

from ser.cli.train import command, options
from ser.models import registry
from ser.models.base import Architecture

COMMAND = [sys.executable, str(ROOT / "bin" / "ser-train")]
"""The command as it is."""

QUICK = training_with("spoken", "Small")
"""The command with the architecture ``small``."""

SMALL = ("--arch", "small", "--no-augment", "--batch-size", "16", "--lr", "0.005")
"""The options of a training of `QUICK`."""

_KILL = """
import os, signal
from ser.cli.console import Console
lines, say = {lines!r}, Console.info

def say_and_die(console, text):
    say(console, text)
    if lines and text.startswith(lines[0]):
        lines.pop(0)
        if not lines:
            os.kill(os.getpid(), signal.SIGKILL)

Console.info = say_and_die
"""


def train_within(
    folder: Path,
    *arguments: object,
    kind: type[Architecture] = Small,
    expect: int = 0,
    stdin: bytes = b"",
) -> Finished:
    """Runs ser-train in a folder, in this process, and checks its exit code.

    Args:
        folder: The working directory.
        *arguments: Its arguments.
        kind: An architecture of the tests that the command is to know.
        expect: The exit code.
        stdin: What is read from standard input.
    """
    more = {kind.name: kind}
    (arch,) = (option for option in command.main.params if option.name == "arch")
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (registry, "ARCHITECTURES"),
            (command, "ARCHITECTURES"),
            (options, "ALL"),
        ):
            patch.setattr(module, name, {**getattr(module, name), **more})
        patch.setattr(arch, "type", click.Choice(list(options.ALL)))
        done = run_within("ser-train", *arguments, cwd=folder, stdin=stdin)
    assert done.returncode == expect, done.err
    return done


def train_quickly(folder: Path, *arguments: object, **more: Any) -> Finished:
    """Runs ser-train with the options `SMALL`; see `train_within`."""
    return train_within(folder, *arguments, *SMALL, **more)


def killed_after(lines: Sequence[str], command: Sequence[str] = QUICK) -> list[str]:
    """Makes of a command one that kills itself, as the kernel would, at a certain point.

    Args:
        lines: What the lines on standard error begin with that it waits for, one after the other.
            It is killed when the last one is written.
        command: `QUICK`, or another one of `training_with`.
    """
    python, flag, code = command
    return [python, flag, code.replace("main()", _KILL.format(lines=list(lines)) + "main()")]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    """Waits until a condition holds while a process runs."""
    deadline = time.monotonic() + 400
    while not condition():
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline, "nothing to stop it for"
        time.sleep(0.02)


def epochs_done(checkpoint: Path) -> int:
    """Reads the number of finished epochs from a checkpoint; 0 without one."""
    try:
        return int(json.loads((checkpoint / "state.json").read_text())["epoch"])
    except (OSError, ValueError):
        return 0
