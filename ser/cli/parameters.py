"""From the parameters of the package to the options of a command: ``n_fft`` is ``--n-fft``."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import click

from ser.errors import HyperparameterError, ParameterError, choose_from

# `n_fft`, or `engine=keras`.
_QUOTED = re.compile(r"`([A-Za-z_]\w*)(?:=([^`]*))?`")


def find_parameter(command: click.Command, name: str) -> click.Parameter | None:
    """Finds what a command calls a parameter.

    Args:
        command: The command.
        name: ``n_fft`` of the package, or an option such as ``--n-fft``, or an argument such as
            ``AUDIO``.

    Returns:
        The option or argument, or None where the command has none of this name.
    """
    flag = name if name.startswith("-") else f"--{name.replace('_', '-')}"
    for parameter in command.params:
        if flag in (*parameter.opts, *parameter.secondary_opts):
            return parameter
    # Some options have shorter names than what they set: --rate is `sample_rate`.
    for parameter in command.params:
        if name.casefold() == parameter.name:
            return parameter
    return None


def find_option(command: click.Command, name: str, given: Collection[str] = ()) -> str | None:
    """Finds the option of a command for a parameter of the package.

    Args:
        command: The command.
        name: The parameter, such as ``n_fft`` or ``sample_rate``.
        given: What stands on the command line: of an option with two names, the one that is there
            is taken.

    Returns:
        The option, such as ``--n-fft`` or ``--rate``; None where the command has none.
    """
    parameter = find_parameter(command, name)
    if not isinstance(parameter, click.Option):
        return None
    for option in parameter.opts:
        if option.startswith("--") and option in given:
            return option
    flag = f"--{name.replace('_', '-')}"
    return flag if flag in parameter.opts else max(parameter.opts, key=len)


def say_options(command: click.Command, text: str) -> str:
    """Writes the parameters that a text has in backquotes as options of a command.

    Examples:
        >>> say_options(click.Command("c", params=[click.Option(["--n-fft"])]), "raise `n_fft`")
        'raise --n-fft'
    """

    def say(found: re.Match[str]) -> str:
        name, value = found.groups()
        flag = find_option(command, name)
        if flag is None:
            return found[0]
        return flag if value is None else f"{flag} {value}"

    return _QUOTED.sub(say, text)


def usage_error(
    command: click.Command, error: ParameterError, given: Collection[str] = ()
) -> click.UsageError | None:
    """Makes wrong usage of the error about a parameter.

    Args:
        command: The command that was called.
        error: The error.
        given: What stands on the command line.

    Returns:
        The error with the option's name; None where the command has no such option, so that its
        user has not given the value.
    """
    if isinstance(error, HyperparameterError):
        flag, value = find_option(command, "settings"), f" {error.subject}"
    else:
        flag = find_option(command, error.parameter, given)
        value = "" if error.value is None else f" {error.value}"
    if flag is None:
        return None
    cure = f"; {error.cure}" if error.cure else ""
    return click.UsageError(say_options(command, f"{flag}{value}: {error.cause}{cure}") + ".")


class Choice(click.Choice):  # type: ignore[type-arg]  # generic in newer click alone
    """One of several names; an unknown one is answered with the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Reads the name.

        Raises:
            click.BadParameter: It is not one of the choices.
        """
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            names = [str(choice) for choice in self.choices]
            self.fail(f"{value!r} is unknown; {choose_from(str(value), names)}.", param, ctx)


def suggest_choices(command: click.Command) -> None:
    """Lets the choices of a command's options answer with the nearest name; see `Choice`."""
    for parameter in command.params:
        if type(parameter.type) is click.Choice:
            parameter.type = Choice(
                list(parameter.type.choices), case_sensitive=parameter.type.case_sensitive
            )
