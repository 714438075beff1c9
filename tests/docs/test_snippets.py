"""Every snippet of the documentation: Python runs, commands are parsed, and cheap ones run too."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from conftest import ROOT
from examples import SECONDS, entry_points, make_place, make_tables, run_commands
from recordings import encode, sound
from speech import render_demo, write_corpus

PAGES = tuple(
    str(path.relative_to(ROOT))
    for path in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "benchmarks").glob("*.md")),
    )
)

RUNS = "<!-- runs -->"
"""Stands above a block of commands that is cheap enough to run in a test."""

# Lines that want what a test has not: a network, a cluster, a sound card, other programs, minutes.
ELSEWHERE = re.compile(
    r"--cluster|--mic|--play|https?://|s3://|\b(sox|play|jq) "
    r"|ser-train|lecture|clips/|cv/|translate\.keras|--folds ravdess"
)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
        page: The page, relative to the repository.
        line: Where its text begins, from 1.
        language: What stands behind the fence.
        text: What is inside.
        runs: Whether it is marked as cheap to run.
    """

    page: str
    line: int
    language: str
    text: str
    runs: bool

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in PAGES:
        lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
        start = None
        for number, line in enumerate(lines):
            if not line.lstrip().startswith("```"):
                continue
            if start is None:
                start, language = number, line.strip("` ")
                continue
            text = "\n".join(lines[start + 1 : number])
            runs = RUNS in lines[max(0, start - 2) : start]
            if language in languages:
                found.append(Block(page, start + 2, language, text, runs))
            start = None
        assert start is None, f"{page}: a block has no end"
    return found


# ---------------------------------------------------------------- Python


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every file that snippets of Python name. Read only: copy it."""
    return make_tables(make_place(tmp_path_factory.mktemp("place")))


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted({b.page for b in blocks("python")} - {"docs/adding.md"}))
def test_python_runs(page: str, place: Path, tmp_path: Path) -> None:
    """The blocks of a page are one program, in a process of its own.

    Those of docs/adding.md are files, which test_adding.py looks at.
    """
    folder = tmp_path / "place"
    shutil.copytree(place, folder)
    program = []
    for block in blocks("python"):
        if block.page == page:
            if "to_pandas" in block.text:
                pytest.importorskip("pandas")
            # Blank lines in front make a traceback name the page's own lines.
            text = "\n" * (block.line - 1) + block.text
            program.append(f"exec(compile({text!r}, {block.page!r}, 'exec'), globals())")
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:__main__", "-c", "\n".join(program)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "MPLBACKEND": "agg",
        },
    )
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------- changes of files


@pytest.mark.parametrize("block", blocks("diff"), ids=str)
def test_changes_fit_the_files_that_they_are_of(block: Block) -> None:
    """A block of changes names its file in the first line, and its other lines are in it."""
    first, *lines = block.text.splitlines()
    path = first.removeprefix("+++ ").strip()
    text = (ROOT / path).read_text(encoding="utf-8")
    there = {line.strip() for line in text.splitlines()}
    known = [line[1:].strip() for line in lines if line[:1] in (" ", "-") and line[1:].strip()]
    assert known, "a change without a line that is there already fits anywhere"
    assert [line for line in known if line not in there] == []


# ---------------------------------------------------------------- commands


COMMANDS = entry_points()


@cache
def command_named(name: str) -> click.Command:
    module, function = COMMANDS[name].split(":")
    command = getattr(importlib.import_module(module), function)
    assert isinstance(command, click.Command)
    return command


def calls(block: Block) -> Iterator[tuple[int, list[str]]]:
    """Finds the calls of our commands in a block, as words, each with its line."""
    lines = block.text.replace("\\\n", "  ").splitlines()
    for number, line in enumerate(lines):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|;&<>()")
        lexer.whitespace_split = True
        words: list[str] = []
        for word in [*lexer, ";"]:
            if word[0] in "|;&()":
                name = next((w for w in words if Path(w).name in COMMANDS), None)
                if name is not None:
                    found = words[words.index(name) :]
                    yield block.line + number, [Path(name).name, *_without_targets(found[1:])]
                words = []
            else:
                words.append(word)


def _without_targets(words: list[str]) -> list[str]:
    """Leaves out redirections."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip or word in ("<", ">", ">>", "2>"):
            skip = not skip
            continue
        kept.append(word)
    return kept


SHELL = [block for block in blocks("sh", "make", "fish") if any(True for _ in calls(block))]


@pytest.mark.parametrize("block", SHELL, ids=str)
def test_commands_are_written_as_they_are(block: Block) -> None:
    """Every option exists and has a value of its kind, and there are as many inputs as may be."""
    for line, (name, *arguments) in calls(block):
        command = command_named(name)
        context = click.Context(command, info_name=name)
        # ser-split takes one output with --folds and two without.
        context.meta["folds"] = "--folds" in arguments
        where = f"{block.page}:{line}: {name} {' '.join(arguments)}"
        try:
            given, _, _ = command.make_parser(context).parse_args(list(arguments))
        except click.UsageError as error:
            pytest.fail(f"{where}: {error.format_message()}")
        for parameter in command.get_params(context):
            kind = parameter.type
            plain = isinstance(kind, (click.Choice, click.IntRange, click.FloatRange))
            if block.page == "docs/adding.md" and parameter.name in ("arch", "corpus"):
                # They are what the reader has just added.
                continue
            if plain and not parameter.multiple and given.get(parameter.name or "") is not None:
                try:
                    kind.convert(given[parameter.name], parameter, context)
                except click.UsageError as error:
                    pytest.fail(f"{where}: {error.format_message()}")


def test_commands_are_found() -> None:
    """Else the tests above could be satisfied by finding nothing."""
    found = {name for block in SHELL for _, (name, *_) in calls(block)}
    assert found >= set(COMMANDS) - {"ser"}
    assert any(block.runs for block in SHELL)


@pytest.fixture(scope="session")
def desk(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the examples of commands name: recordings, folders, corpora, tables and a model."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(place, folder, dirs_exist_ok=True)
    samples = render_demo()[: SECONDS * 16_000]
    for name in ("interview.m4a", "lecture.m4a", "talk.mp4"):
        encode(folder / name, "aac", samples, 16_000)
    for name in ("calls/monday/a.wav", "calls/b.wav", "voice.wav", "angry.wav"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(sound(samples, 16_000))
    write_corpus("tess", folder / "data" / "tess", speakers=2, takes=1, seconds=1.3)
    run_commands(
        folder,
        "ser-extract data/tess --preset emotion -o tess.npy",
        "ser-merge ravdess.npy tess.npy -o all.npy",
    )
    return folder


@pytest.fixture(scope="session")
def path_with_commands(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which our commands are this checkout's, with the Python of the tests."""
    folder = tmp_path_factory.mktemp("bin")
    for name in COMMANDS:
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "bin" / name}" "$@"\n')
        script.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.mark.slow
@pytest.mark.parametrize("block", [block for block in SHELL if block.runs], ids=str)
def test_marked_commands_run(
    block: Block, desk: Path, path_with_commands: str, tmp_path: Path
) -> None:
    folder = tmp_path / "desk"
    shutil.copytree(desk, folder)
    lines = [line for line in block.text.splitlines() if not ELSEWHERE.search(line)]
    environment: Mapping[str, Any] = {**os.environ, "PATH": path_with_commands, "MPLBACKEND": "agg"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{block}: {done.stderr}"
