#!/usr/bin/env python3
"""Writes a man page for each command, from what its ``--help`` says.

    python mk/man.py FOLDER     FOLDER/ser.1, FOLDER/ser-analyze.1 …

`make man` calls it. The date is that of SOURCE_DATE_EPOCH, where it is set, so that the same source
gives the same pages.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import click

from ser import __version__
from ser.cli.ser import SUMMARIES, load, main

# What click calls a paragraph that is not to be filled.
_VERBATIM = "\b"


def escape(text: str) -> str:
    """Makes plain text of roff's characters: backslashes, hyphens, and control lines."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def paragraphs(text: str) -> Iterator[str]:
    """Gives the help of a command as roff, paragraph by paragraph."""
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith(_VERBATIM):
            yield f".PP\n.nf\n{escape(paragraph.removeprefix(_VERBATIM).strip(chr(10)))}\n.fi"
        else:
            yield f".PP\n{escape(paragraph)}"


def page(command: click.Command, name: str, summary: str) -> str:
    """Writes the man page of a command.

    Args:
        command: What the page is about.
        name: Its name.
        summary: What it does, in one line.

    Returns:
        The page in roff, with the macros of man(7).
    """
    context = click.Context(command, info_name=name)
    made = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())))
    lines = [
        f'.TH "{name.upper()}" 1 "{time.strftime("%Y-%m-%d", made)}" "ser {__version__}"',
        ".SH NAME",
        f"{escape(name)} \\- {escape(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        f".B {escape(name)}",
        escape(" ".join(command.collect_usage_pieces(context))),
        ".SH DESCRIPTION",
        *paragraphs(command.help or summary),
        ".SH OPTIONS",
    ]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        # click tells of arguments too, which stand in the synopsis.
        if record is not None and isinstance(parameter, click.Option):
            lines += [".TP", f"\\fB{escape(record[0])}\\fR", escape(record[1]) or "\\&"]
    others = sorted({"ser", *(f"ser-{other}" for other in SUMMARIES)} - {name})
    lines += [".SH SEE ALSO", ",\n".join(f".BR {escape(other)} (1)" for other in others)]
    return "\n".join(lines) + "\n"


def write(folder: Path) -> list[Path]:
    """Writes the pages of all commands into a folder, and gives their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"ser": page(main, "ser", "emotion in speech, read and changed")}
    for name, summary in SUMMARIES.items():
        pages[f"ser-{name}"] = page(load(name), f"ser-{name}", summary)
    paths = []
    for name, text in pages.items():
        path = folder / f"{name}.1"
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} FOLDER")
    for target in write(Path(sys.argv[1])):
        print(target)
