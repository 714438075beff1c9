"""From the options of ser-train to the configuration of a training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, get_type_hints

import click
import numpy as np
from click.core import ParameterSource

from ser.cli.common import Command
from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.dataset.table import Table
from ser.errors import HyperparameterError, ParameterError, choose_from
from ser.models.base import Architecture, Option, Value
from ser.models.registry import ARCHITECTURES
from ser.models.transfer import NONE
from ser.training.classifier import config_for
from ser.training.config import AUGMENT, TrainConfig
from ser.training.spec_augment import NO_AUGMENTATION, SpectrogramAugmentation

ALL: Mapping[str, type[Architecture]] = MappingProxyType(
    {**ARCHITECTURES, **CONVERSION_ARCHITECTURES}
)
"""The architectures of ``--arch``: classifiers, and those of emotion conversion."""

# Hyperparameters of architectures that were options of the command in earlier versions.
_FORMER_OPTIONS = ("weights", "fine_tune", "two_sided", "d_steps", "g_steps", "balance")


class TrainCommand(Command):
    """Names ``--set`` where an option of an earlier version is given."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the command line.

        Raises:
            click.UsageError: An option is unknown, or options do not go together.
        """
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.lstrip("-").replace("-", "_")
            if name not in _FORMER_OPTIONS:
                raise
            able = [kind.name for kind in ALL.values() if name in kind.options()]
            raise click.UsageError(
                f"No such option: {error.option_name}; use --set {name}=… with --arch "
                f"{', '.join(able[:-1])} or {able[-1]}",
                ctx,
            ) from error


def make_config(
    context: click.Context,
    values: Mapping[str, Any],
    settings: Sequence[str],
    *,
    augment: bool,
) -> TrainConfig:
    """Makes the configuration.

    Args:
        context: The context of the command, which knows the options that were given.
        values: Fields of `TrainConfig` from the command line. Where an option was not given, the
            default of the architecture counts.
        settings: ``NAME=VALUE`` texts of ``--set``.
        augment: Whether features are augmented.

    Raises:
        click.UsageError: A setting is malformed, or has no effect.
        SerError: A setting is unknown, or a value is out of its range.
    """
    kind = ALL[values["arch"]]
    given = {
        name: value
        for name, value in values.items()
        if name != "arch"
        and (
            name not in kind.defaults
            or context.get_parameter_source(name) is not ParameterSource.DEFAULT
        )
    }
    options, changes = _parse_settings(settings)
    if changes and not augment:
        raise click.UsageError("--set augment.… means nothing with --no-augment.")
    if "fine_tune" in options and options.get("weights") == NONE:
        raise click.UsageError(
            "--set fine_tune=… means nothing with --set weights=none: all layers are trained."
        )
    augmentation = replace(SpectrogramAugmentation(), **changes) if augment else NO_AUGMENTATION
    return config_for(kind.with_options(options), options, augment=augmentation, **given)


def check_support(support: Sequence[str], table: Table) -> None:
    """Checks that the table has the supporting corpora.

    Raises:
        SerError: It lacks one.
    """
    known = sorted(set(np.asarray(table["corpus"]).tolist()) - {""})
    for name in support:
        if name not in known:
            raise ParameterError(
                "support", "is no corpus of the table", choose_from(name, known), name
            )


def list_architectures(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Prints every architecture with its hyperparameters and their defaults, and exits."""
    if not wanted:
        return
    for name, arch in ALL.items():
        click.echo(f"{name}: {arch.summary}")
        values = arch().hyperparameters()
        for option, about in arch.options().items():
            allowed = _allowed(about, values[option])
            brackets = f" ({allowed})" if allowed else ""
            click.echo(f"  {option}={values[option]}  {about.help}{brackets}")
        for option, value in arch.defaults.items():
            click.echo(f"  --{option.replace('_', '-')} {value}")
    context.exit()


def _allowed(about: Option, default: Value) -> str:
    if about.choices:
        return ", ".join(map(str, about.choices))
    if isinstance(default, str | bool):
        return ""
    if about.low is None or about.high is None:
        return str(about.limits)
    return f"{about.limits}; tuned from {about.low:g} to {about.high:g}"


def _parse_settings(settings: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
    options: dict[str, str] = {}
    changes: dict[str, Any] = {}
    kinds = get_type_hints(SpectrogramAugmentation)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise HyperparameterError(setting, "is no assignment", "write NAME=VALUE")
        if not name.startswith(AUGMENT):
            options[name] = value
            continue
        field = name.removeprefix(AUGMENT)
        known = [f.name for f in fields(SpectrogramAugmentation)]
        if field not in known:
            cure = choose_from(name, [AUGMENT + each for each in known])
            raise HyperparameterError(name, "is nothing that augmentation has", cure, value)
        try:
            changes[field] = kinds[field](value)
        except ValueError as error:
            cause = "is not a whole number" if kinds[field] is int else "is not a number"
            raise HyperparameterError(name, cause, value=value) from error
    return options, changes
