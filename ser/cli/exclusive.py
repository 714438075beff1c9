"""Options that exclude each other, and options that need another: one table per command.

A command hands its table to `ser.cli.common.command`, which checks it before anything is read::

    @command(
        "ser-analyze",
        rules=(
            Excludes("--mic", "--play", "hear one of them"),
            Needs("--resume", "--output-dir", "one output is written anew"),
        ),
    )

An option counts as given when it stands on the command line, even with its default value. A rule
names it as it stands there: ``--no-augment`` is the flag switched off; ``--output=-`` is the option
with this value; ``AUDIO`` is the argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from ser.cli.parameters import find_parameter

Names = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excludes:
    """An option does not go together with another.

    Attributes:
        options: The option, or several of which each is meant.
        others: What it does not go with, one or several.
        cure: What to do, without a full stop.
    """

    options: Names
    others: Names
    cure: str = "leave one of them out"

    def broken(self, command: click.Command, context: click.Context) -> str | None:
        """Gives the message where the rule is broken, else None."""
        for option in _given(command, context, self.options):
            for other in _given(command, context, self.others):
                if option != other:
                    return f"{_shown(option)} and {_shown(other)} exclude each other: {self.cure}."
        return None


@dataclass(frozen=True, slots=True)
class Needs:
    """An option means something only beside another.

    Attributes:
        options: The option, or several of which each is meant.
        others: What it needs, one or any of several.
        cure: Why, or what to do, without a full stop; may be empty.
    """

    options: Names
    others: Names
    cure: str = ""

    def broken(self, command: click.Command, context: click.Context) -> str | None:
        """Gives the message where the rule is broken, else None."""
        if any(_given(command, context, self.others)):
            return None
        for option in _given(command, context, self.options):
            needed = " or ".join(map(_shown, _names(self.others)))
            return f"{_shown(option)} needs {needed}" + (f": {self.cure}." if self.cure else ".")
        return None


Rule = Excludes | Needs


def check_rules(command: click.Command, context: click.Context, rules: Sequence[Rule]) -> None:
    """Refuses options that do not go together.

    Args:
        command: The command.
        context: Its context, with the options read.
        rules: The command's table; the first rule that is broken is reported.

    Raises:
        click.UsageError: A rule is broken.
    """
    for rule in rules:
        message = rule.broken(command, context)
        if message is not None:
            raise click.UsageError(message, context)


def exclude(context: click.Context, options: Names, other: str, cure: str) -> None:
    """Refuses options beside something that a table cannot know, such as inputs that are found.

    Args:
        context: The command's context.
        options: The options.
        other: What is there and excludes them.
        cure: What to do, without a full stop.

    Raises:
        click.UsageError: One of the options is given.
    """
    for option in _given(context.command, context, options):
        raise click.UsageError(f"{_shown(option)} and {other} exclude each other: {cure}.", context)


def check_names(command: click.Command, rules: Sequence[Rule]) -> None:
    """Sees that a table names options that the command has.

    Raises:
        ValueError: One is not.
    """
    for rule in rules:
        for name in (*_names(rule.options), *_names(rule.others)):
            if find_parameter(command, name.partition("=")[0]) is None:
                raise ValueError(f"{command.name} has no option {name}")


def is_given(context: click.Context, *names: str) -> bool:
    """Says whether one of these options stands on the command line; see the module."""
    return any(True for _ in _given(context.command, context, names))


def _given(command: click.Command, context: click.Context, names: Names) -> Iterator[str]:
    for name in _names(names):
        flag, equals, wanted = name.partition("=")
        parameter = find_parameter(command, flag)
        if parameter is None or parameter.name is None:
            continue
        if context.get_parameter_source(parameter.name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params.get(parameter.name)
        if isinstance(parameter, click.Argument) and not value:
            # An argument that may be left out counts as given by click.
            continue
        if flag in parameter.secondary_opts and value is not False:
            continue
        if flag in parameter.opts and parameter.secondary_opts and value is False:
            continue
        if not equals or wanted in _texts(value):
            yield name


def _texts(value: Any) -> list[str]:
    values = value if isinstance(value, (tuple, list)) else [value]
    return [str(each) for each in values]


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def _shown(name: str) -> str:
    return name.replace("=", " ", 1)
