"""``ser-train --export``: a classifier as one network from samples to probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from ser.cli.common import Console
from ser.cli.paths import OutputPath, file_roles
from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.dataset.table import Table, spec_of
from ser.pretrained import CLASSIFIERS, find_model
from ser.training.config import TrainConfig
from ser.wording import counted

F = TypeVar("F", bound=Callable[..., Any])

Exports = Sequence[tuple[Any, str]]
"""Format and file of each network that is exported."""

# What does not concern the training.
_OTHERS = ("table", "exports", "debug", "quiet", "verbose")


def export_option(function: F) -> F:
    """Adds ``--export``, pairs of format and file named ``exports``."""
    return click.option(
        "--export",
        "exports",
        metavar="FORMAT FILE",
        type=(click.Choice(["tflite", "onnx"]), OutputPath(dir_okay=False)),
        multiple=True,
        help="Write the classifier as one network from samples to probabilities, for LiteRT "
        "(tflite) or ONNX; with a model in place of TABLE nothing is trained, and without either "
        "it is the model that ships.",
    )(function)


def add_exports(exports: Exports) -> None:
    """Adds the files to what the command writes.

    Raises:
        OverwritingError: One is an input, or another output.
    """
    file_roles().add_outputs([path for _, path in exports])


def exports_alone(context: click.Context, table: str | None, exports: Exports) -> str | None:
    """Gives the model that is exported without training, or None where there is a table.

    Args:
        context: The command's context.
        table: What stands in place of the table, if anything.
        exports: What is exported.

    Raises:
        click.UsageError: Options of a training are given, and nothing is trained.
    """
    if not exports or not (table is None or table in CLASSIFIERS or table.endswith(".keras")):
        return None
    shown = "default" if table is None else table
    for parameter in context.command.get_params(context):
        name = parameter.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name not in _OTHERS:
            raise click.UsageError(
                f"{parameter.opts[-1]} is for a training, and {shown} is a model: leave it out, or "
                "name a feature table.",
                context,
            )
    return shown


def check_exports(config: TrainConfig, table: Table, exports: Exports) -> None:
    """Refuses before a training what could not be exported behind it.

    Args:
        config: The configuration of the training.
        table: What is trained on.
        exports: What is exported.

    Raises:
        click.UsageError: The architecture is none of a classifier.
        SerError: The features cannot be exported, or a package is missing.
    """
    if not exports:
        return
    if config.arch in CONVERSION_ARCHITECTURES:
        raise click.UsageError(f"--export is for classifiers, and {config.arch} is none.")
    from ser.exporting.check import check_features, require_packages

    for format, path in exports:
        check_features(path, spec_of(table))
        require_packages(format)


def export_model(console: Console, model: str | Path, exports: Exports) -> None:
    """Exports a model in each format.

    Raises:
        SerError: It cannot be read or exported, or a file not written.
    """
    from ser.exporting.export import export_classifier
    from ser.inference.classifier import open_classifier

    classifier = open_classifier(find_model(model), device="cpu")
    sizes = export_classifier(classifier, {path: format for format, path in exports})
    for path, size in sizes.items():
        console.info(
            f"{path}: one network from samples to probabilities, {size / 1e6:.1f} MB; "
            f"{counted(len(classifier.labels), 'emotion')}"
        )
