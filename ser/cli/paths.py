"""Types of options and arguments that name files: what is read, and what is written.

Every path of a command has one of these types, so that `ser.cli.common.Command` can refuse an
output that is an input, before anything is read. What a command finds later, such as recordings in
a folder, it adds itself: `ser.cli.paths.file_roles`.
"""

from __future__ import annotations

import os
import re
from typing import Any

import click

from ser.io.roles import FileRoles

_KEY = "ser.cli.paths"


class InputPath(click.Path):
    """A file that is read, or a folder whose files are."""


class InputTree(click.Path):
    """A folder that is read as one thing, such as a model's."""


class OutputPath(click.Path):
    """A file that is written, or a folder for files."""


class TimelineOutputs(OutputPath):
    """A file in a timeline format, or several by endings in braces; see `separate_outputs`."""


class TextWithPath(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """Text that may name a file or folder that is read.

    Args:
        pattern: A regular expression whose group is the path; what does not match names none.
    """

    name = "text"

    def __init__(self, pattern: str = "(.*)") -> None:
        self._pattern = re.compile(pattern, re.DOTALL)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Gives the text as it is."""
        return str(value)

    def path(self, text: str) -> str | None:
        """Gives the path in a text, or None."""
        found = self._pattern.fullmatch(text)
        return found[1] if found else None


def check_files(command: click.Command, context: click.Context) -> None:
    """Refuses outputs that are inputs or other outputs, as far as the command line names them.

    Args:
        command: The command.
        context: Its context, with the options read.

    Raises:
        OverwritingError: There is such an output.
    """
    roles = context.meta[_KEY] = FileRoles()
    outputs: list[str] = []
    inputs: list[str] = []
    named: list[str] = []
    expands = False
    for parameter in command.get_params(context):
        kind = parameter.type
        for value in _texts(context.params.get(parameter.name or "")):
            if isinstance(kind, InputPath):
                is_option = isinstance(parameter, click.Option)
                (named if is_option else inputs).append(value)
            elif isinstance(kind, InputTree):
                roles.add_trees([value])
            elif isinstance(kind, TextWithPath):
                path = kind.path(value)
                if path and os.path.exists(path):  # noqa: PTH110 (it takes any name)
                    roles.add_trees([path])
            elif isinstance(kind, OutputPath):
                outputs.append(value)
        expands = expands or isinstance(kind, TimelineOutputs)
    if expands:
        from ser.timeline.writers.registry import expand_braces, separate_outputs

        outputs, inputs = separate_outputs(outputs, inputs)
        outputs = [path for output in outputs for path in expand_braces(output)]
    roles.add_inputs([*inputs, *named])
    roles.add_outputs(outputs)


def file_roles() -> FileRoles:
    """Gives the inputs and outputs of the command that runs, to add to them."""
    found = click.get_current_context().meta[_KEY]
    assert isinstance(found, FileRoles)  # noqa: S101  # check_files has put it there
    return found


def _texts(value: Any) -> list[str]:
    if value is None or isinstance(value, bool):
        return []
    return [str(each) for each in (value if isinstance(value, tuple | list) else (value,))]
