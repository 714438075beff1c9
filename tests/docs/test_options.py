"""What the commands promise on their surface: quick help, and a word on every option."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import click
import pytest
from conftest import ROOT, Run
from examples import entry_points

HEAVY = ("tensorflow", "keras", "librosa", "sklearn", "scipy.signal", "matplotlib", "numba", "av")


COMMANDS = entry_points()


def test_there_are_commands() -> None:
    assert "ser-extract" in COMMANDS
    assert sorted(COMMANDS) == sorted(path.name for path in (ROOT / "bin").iterdir())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_imports_nothing_heavy(name: str) -> None:
    module, function = COMMANDS[name].split(":")
    script = (
        f"import sys; from {module} import {function} as main\n"
        "try: main(['--help'])\n"
        "except SystemExit as stop: code = stop.code\n"
        f"print([code, sorted(set({HEAVY!r}) & set(sys.modules))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: {name} ")
    assert done.stdout.splitlines()[-1] == "[0, []]"


@pytest.mark.parametrize("name", COMMANDS)
def test_runs_from_a_checkout(run: Run, name: str) -> None:
    done = run(name, "--help", alone=True)
    assert done.returncode == 0, done.err
    assert done.out.startswith(f"Usage: {name} ")
    assert done.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    pages = [ROOT / "README.md", ROOT / "docs" / "commands.md"]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages if page.exists())
    module, function = COMMANDS[name].split(":")
    command = getattr(importlib.import_module(module), function)
    assert isinstance(command, click.Command)
    context = click.Context(command, info_name=name)
    options = {
        option
        for parameter in command.get_params(context)
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }
    words = set(re.findall(r"(?<![\w-])[\w-]+", text))
    assert [word for word in [name, *sorted(options)] if word not in words] == []
