"""``ser-train --cv``: cross-validation, its report and its picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ser.cli.common import Console
from ser.cli.exclusive import is_given
from ser.cli.paths import file_roles
from ser.cli.train.reporting import report_epoch
from ser.cli.train.tune import Tuning, nested_search
from ser.dataset.table import Table
from ser.errors import DependencyError, nearest
from ser.io.files import STANDARD
from ser.training.config import TrainConfig
from ser.wording import counted

if TYPE_CHECKING:
    from ser.dataset.folds import Folds

_PICTURE = "confusion.png"

# What is kept apart, by the word before the number of folds.
_KINDS = {"speaker": "speaker", "random": "clip", "clip": "clip", "corpus": "corpus"}


def check_output(console: Console, output: str, validation: str) -> None:
    """Checks the output of a cross-validation, and notes options without effect.

    Raises:
        click.UsageError: The output is standard output.
    """
    if output == STANDARD:
        raise click.UsageError("--cv writes several files: name a folder.")
    context = click.get_current_context()
    unused = [name for name in ("--validation", "--patience") if is_given(context, name)]
    if unused and validation != "0":
        console.note(f"{' and '.join(unused)}: not used, for --cv trains every fold to the end")


def run_cross_validation(
    console: Console,
    name: str,
    records: Table,
    folds_text: str,
    folder: Path,
    config: TrainConfig,
    tuning: Tuning | None,
    resume: bool,
    device: Any,
    jobs: int,
) -> None:
    """Trains and evaluates every fold, and draws the confusion matrix.

    Args:
        console: The console.
        name: The name of the table.
        records: The table.
        folds_text: The value of ``--cv``.
        folder: Where everything is written.
        config: The configuration of the training.
        tuning: A search for hyperparameters within each fold, if any.
        resume: Continue an interrupted cross-validation.
        device: The device to train on.
        jobs: Folds that are trained at the same time.

    Raises:
        click.UsageError: The value of ``--cv`` is malformed.
    """
    from ser.training.crossval import (
        PREDICTIONS,
        cross_validate,
        describe_protocol,
        output_files,
    )
    from ser.training.validation import labeled_records

    labeled = labeled_records(records, name)
    if len(labeled) < len(records):
        left_out = counted(len(records) - len(labeled), "record")
        console.note(f"left out: {left_out} without an emotion")
        records = records[labeled]
    folds = _make_folds(records, folds_text, config.seed, name)
    file_roles().add_outputs([*output_files(folder, len(folds.tests)), folder / _PICTURE])
    if folds.by == "clip":
        console.note(
            "random folds have the same speakers on both sides: the figures say nothing about a "
            "new speaker"
        )
    search = None
    if tuning is not None:
        search = nested_search(console, name, config, tuning, resume=resume, device=device)
    console.info(describe_protocol(records, folds, config, search))
    sizes = [len(records) - len(test) for test in folds.tests]
    steps = sum(max(1, size // config.batch_size) for size in sizes) * config.epochs
    with console.progress(steps, "step", "cross-validation") as bar:
        result = cross_validate(
            records,
            folds,
            config,
            folder,
            search=search,
            resume=resume,
            device=device,
            jobs=jobs,
            on_fold=lambda fold, count, clips: console.info(
                f"fold {fold} of {count}: {counted(clips, 'training clip')}"
            ),
            on_step=bar.update,
            on_epoch=lambda fold, row: report_epoch(
                console, row, config.epochs, f"fold {fold}: " if jobs > 1 else ""
            ),
        )
    evaluation = result.evaluation
    try:
        from ser.viz.confusion import draw_confusion

        protocol = result.predictions.protocol
        matrix, labels = evaluation.confusion, evaluation.labels
        draw_confusion(folder / _PICTURE, matrix, labels, "Cross-validation", protocol)
    except DependencyError as error:
        # The figures are there; hours of training must not end with an error.
        console.note(f"{folder / _PICTURE} is not drawn: {error}")
    interval = evaluation.intervals["uar"]
    console.info(
        f"UAR {evaluation.uar:.3f} ({interval.low:.3f} to {interval.high:.3f}), accuracy "
        f"{evaluation.accuracy:.3f}, macro F1 {evaluation.macro_f1:.3f}; details: ser-stats "
        f"{folder / PREDICTIONS}"
    )


def _make_folds(records: Table, text: str, seed: int, name: str) -> Folds:
    from ser.dataset.folds import read_folds
    from ser.dataset.split import make_folds

    kind, colon, number = text.partition(":")
    by = _KINDS.get(kind)
    near = nearest(kind, _KINDS) if colon and by is None and not Path(text).exists() else None
    if near is not None:
        raise click.UsageError(f"--cv {text}: did you mean {near}:{number}?")
    if by is None:
        return read_folds(records, text, name=name, parameter="cv")
    if not number.isdecimal() and (number or by != "corpus"):
        raise click.UsageError(f"--cv {text} needs a number of folds, as in {kind}:5.")
    if number and int(number) < 2:
        raise click.UsageError(f"--cv {text}: give 2 folds or more.")
    return make_folds(records, int(number or 0), by=by, seed=seed, name=name)  # type: ignore[arg-type]
