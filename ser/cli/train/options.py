"""What ``ser-train`` makes of its options: a training configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from types import MappingProxyType
from typing import Any, get_type_hints

import click
import numpy as np
from click.core import ParameterSource

from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.dataset.table import Table
from ser.errors import SerError
from ser.models.base import Architecture, Option
from ser.models.cnn import CNN
from ser.models.prosody_cnn import ProsodyCNN
from ser.models.registry import ARCHITECTURES
from ser.models.transfer import NONE
from ser.training.config import TrainConfig
from ser.training.spec_augment import NO_AUGMENTATION, SpectrogramAugmentation

ALL: Mapping[str, type[Architecture]] = MappingProxyType(
    {**ARCHITECTURES, **CONVERSION_ARCHITECTURES}
)
"""What ``--arch`` accepts: classifiers and translators."""

_AUGMENT = "augment."


def make_config(
    context: click.Context,
    values: Mapping[str, Any],
    settings: Sequence[str],
    *,
    augment: bool,
    shortcuts: Mapping[str, Any] = MappingProxyType({}),
) -> TrainConfig:
    """Makes the configuration.

    Args:
        context: Of the command: it knows which options were given.
        values: Fields of `TrainConfig` from the command line; those that were not given leave what
            the architecture prefers.
        settings: ``NAME=VALUE`` texts of ``--set``.
        augment: Whether features are augmented at all.
        shortcuts: Hyperparameters of some architectures that have options of their own, such as
            ``fine_tune`` for ``--fine-tune``; None where not given.

    Raises:
        click.UsageError: A setting is malformed, or means nothing for the architecture.
        SerError: A setting is unknown, or a value is out of range.
    """
    preferred = ALL[values["arch"]].defaults
    given = {
        name: value
        for name, value in values.items()
        if name not in preferred
        or context.get_parameter_source(name) is not ParameterSource.DEFAULT
    }
    options, changes = _settings(settings)
    _shorten(values["arch"], shortcuts, options)
    if changes and not augment:
        raise click.UsageError("--set augment.… means nothing with --no-augment.")
    base = replace(SpectrogramAugmentation(), **changes) if augment else NO_AUGMENTATION
    arch = ALL[values["arch"]].with_options(options)
    chosen = {name: value for name, value in arch.hyperparameters().items() if name in options}
    return TrainConfig(**{**preferred, **given, "options": chosen, "augment": base})


def suited(table: Table | None) -> str:
    """Names the architecture for a table where the user names none."""
    if table is not None and "functionals" in (table.dtype.names or ()):
        return ProsodyCNN.name
    return CNN.name


def check_support(support: Sequence[str], table: Table) -> None:
    """Sees that the table has the corpora that are to support the others.

    Raises:
        SerError: It lacks one.
    """
    known = sorted(set(np.asarray(table["corpus"]).tolist()) - {""})
    for name in support:
        if name not in known:
            raise SerError(
                f"--support {name}",
                "is no corpus of the table",
                f"it has {', '.join(known) or 'none with a name'}",
            )


def list_architectures(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    """Prints every architecture with its hyperparameters, and ends the command."""
    if not wanted:
        return
    for name, arch in ALL.items():
        click.echo(f"{name}: {arch.summary}")
        values = arch().hyperparameters()
        for option, about in arch.options().items():
            allowed = f" ({_searched(about)})" if _searched(about) else ""
            click.echo(f"  {option}={values[option]}  {about.help}{allowed}")
        for option, value in arch.defaults.items():
            click.echo(f"  --{option.replace('_', '-')} {value}")
    context.exit()


def _searched(about: Option) -> str:
    if about.choices or about.low is None or about.high is None:
        return ", ".join(map(str, about.choices))
    return f"tuned from {about.low:g} to {about.high:g}"


def _shorten(arch: str, shortcuts: Mapping[str, Any], options: dict[str, Any]) -> None:
    """Adds the shortcuts that were given to the options of ``--set``."""
    for name, value in shortcuts.items():
        if value is None:
            continue
        flag = f"--{name.replace('_', '-')}"
        having = [other.name for other in ALL.values() if name in other.options()]
        if arch not in having:
            raise click.UsageError(
                f"{flag} means nothing with --arch {arch}; it is for {', '.join(having)}."
            )
        if name in options:
            raise click.UsageError(f"{flag} and --set {name}=… say the same: give one of them.")
        options[name] = value
    if shortcuts.get("fine_tune") is not None and options.get("weights") == NONE:
        raise click.UsageError("--fine-tune means nothing with --weights none: all is trained.")


def _settings(settings: Sequence[str]) -> tuple[dict[str, str], dict[str, Any]]:
    options: dict[str, str] = {}
    changes: dict[str, Any] = {}
    kinds = get_type_hints(SpectrogramAugmentation)
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set {setting}: write NAME=VALUE.")
        if not name.startswith(_AUGMENT):
            options[name] = value
            continue
        field = name.removeprefix(_AUGMENT)
        known = [f.name for f in fields(SpectrogramAugmentation)]
        if field not in known:
            raise click.UsageError(f"--set {name}: augment has {', '.join(known)}.")
        try:
            changes[field] = kinds[field](value)
        except ValueError as error:
            raise click.UsageError(f"--set {setting}: {value} is no number.") from error
    return options, changes
