"""``ser-train --cv``: a network for every fold, and one report of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from ser.cli.common import Console
from ser.cli.train.tune import Tuning, nested
from ser.dataset.table import Table
from ser.io.files import STANDARD
from ser.training.config import TrainConfig

# What ser-train says and writes of a training beside the artifact.


def say_epoch(console: Console, row: Mapping[str, float], epochs: int, before: str = "") -> None:
    """Says the figures of an epoch in a line."""
    figures = ", ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "epoch")
    console.info(f"{before}epoch {int(row['epoch'])}/{epochs}: {figures}")


def write_views(
    model: Any,
    rows: Sequence[dict[str, float]],
    name: str,
    described: str,
    protocol: str,
    *,
    history: str | None,
    plot: str | None,
    plot_model: str | None,
) -> None:
    """Writes what was asked for.

    Args:
        model: The network.
        rows: Its history.
        name: Of the artifact.
        described: The architecture in words.
        protocol: How figures came about, in words.
        history: Where to write a CSV row per epoch.
        plot: Where to draw the curves.
        plot_model: Where to draw the network.
    """
    if history is not None:
        from ser.training.report import write_history

        write_history(history, rows)
    if plot is not None:
        from ser.viz.curves import draw_curves

        columns = {key: [row[key] for row in rows] for key in rows[0]}
        draw_curves(Path(plot), columns, name, protocol)
    if plot_model is not None:
        from ser.viz.network import draw_network

        draw_network(Path(plot_model), model, name, described)


def check_cv(console: Console, output: str, validation: str) -> None:
    """Refuses what means nothing with ``--cv``.

    Raises:
        click.UsageError: It was given.
    """
    names = (
        "report", "history", "plot", "plot_model", "write_generated", "tensorboard", "validation",
        "patience",
    )  # fmt: skip
    given = [
        f"--{name.replace('_', '-')}"
        for name in names
        if click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    idle = [name for name in given if name in ("--validation", "--patience")]
    if len(idle) < len(given):
        raise click.UsageError(f"{given[0]} means nothing with --cv: it trains several networks.")
    if output == STANDARD:
        raise click.UsageError("--cv writes several files: name a folder.")
    if idle and validation != "0":
        console.note(f"{' and '.join(idle)}: not used, for --cv trains every fold to the end")


def cross_validated(
    console: Console,
    name: str,
    records: Table,
    how: str,
    folder: Path,
    config: TrainConfig,
    tuning: Tuning | None,
    resume: bool,
    device: Any,
    jobs: int,
) -> None:
    """Trains and scores every fold.

    Args:
        console: Where to speak.
        name: What the table is called.
        records: It.
        how: The value of ``--cv``.
        folder: Where everything is written.
        config: How to train.
        tuning: A search within each fold, if any.
        resume: Continue what was interrupted.
        device: Where to train.
        jobs: Folds at the same time.

    Raises:
        click.UsageError: The folds are malformed.
    """
    from ser.training.crossval import PREDICTIONS, cross_validate, describe_protocol

    labelled = np.flatnonzero(np.asarray(records["y"]) != "")
    if len(labelled) < len(records):
        console.note(f"{len(records) - len(labelled)} records without an emotion are left out")
        records = records[labelled]
    folds = _folds(records, how, config.seed, name)
    if folds.by == "clip":
        console.note(
            "random folds have the same speakers on both sides: the figures say nothing about a "
            "new speaker"
        )
    choice = None
    if tuning is not None:
        choice = nested(console, name, config, tuning, resume=resume, device=device)
    console.info(describe_protocol(records, folds, config, choice))
    sizes = [len(records) - len(test) for test in folds.tests]
    steps = sum(max(1, size // config.batch_size) for size in sizes) * config.epochs
    with console.progress(steps, "step", "cross-validation") as bar:
        pooled = cross_validate(
            records,
            folds,
            config,
            folder,
            choice=choice,
            resume=resume,
            device=device,
            jobs=jobs,
            on_fold=lambda fold, count, clips: console.info(
                f"fold {fold} of {count}: {clips} training clips"
            ),
            on_step=bar.update,
            on_epoch=lambda fold, row: say_epoch(
                console, row, config.epochs, f"fold {fold}: " if jobs > 1 else ""
            ),
        )
    scores, interval = pooled.evaluation.scores, pooled.evaluation.intervals["uar"]
    console.info(
        f"UAR {scores.uar:.3f} ({interval.low:.3f} to {interval.high:.3f}), accuracy "
        f"{scores.accuracy:.3f}, macro F1 {scores.macro_f1:.3f}; details: ser-stats "
        f"{folder / PREDICTIONS}"
    )


def _folds(records: Table, how: str, seed: int, name: str) -> Any:
    from ser.dataset.split import make_folds, read_folds

    kind, _, number = how.partition(":")
    by = {"speaker": "speaker", "random": "clip", "clip": "clip", "corpus": "corpus"}.get(kind)
    if by is None or (number and not number.isdigit()):
        return read_folds(records, how, name=name)
    if by != "corpus" and not number:
        raise click.UsageError(f"--cv {how} needs a number of folds, as in {kind}:5.")
    return make_folds(records, int(number or 0), by=by, seed=seed, name=name)  # type: ignore[arg-type]
