"""Cross-validation: every fold trained and scored in one run, each test fold seen once."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.dataset.folds import Folds
from ser.dataset.table import Table, without_features
from ser.evaluation.metrics import Evaluation, evaluate
from ser.evaluation.predictions import Predictions, pool_predictions, write_predictions
from ser.io.files import open_output
from ser.labels import label_indices
from ser.models.backend import Device
from ser.models.calibration import apply_temperature, expected_calibration_error, fit_temperature
from ser.training.card import describe_corpora
from ser.training.config import TrainConfig
from ser.training.fold import ADAPTED_CSV, ChooseConfig, Fold, FoldPredictions, table_labels
from ser.training.parallel_folds import FoldCallbacks, train_folds
from ser.viz.confusion import draw_confusion

PREDICTIONS = "predictions.csv"
REPORT = "report.json"
CONFUSION = "confusion.png"

CALIBRATED_ERROR = "calibration_error_with_temperature"
"""In the report: the calibration error with each fold at the temperature of the other folds."""

NESTED_PROTOCOL = "hyperparameters chosen inside every fold"
"""What a protocol says where each fold has hyperparameters of its own."""


@dataclass(frozen=True, slots=True)
class NestedSearch:
    """How each fold gets hyperparameters of its own, as in a nested cross-validation.

    Attributes:
        protocol: How, in words that begin with `NESTED_PROTOCOL`.
        make: Makes it so.
    """

    protocol: str
    make: ChooseConfig


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The outcome of a cross-validation.

    Attributes:
        predictions: What each fold's network said about its test clips.
        evaluation: The figures over all folds together.
        temperature: The temperature that fits the pooled predictions, for a network that is then
            trained on everything.
    """

    predictions: Predictions
    evaluation: Evaluation
    temperature: float


def cross_validate(
    table: Table,
    folds: Folds,
    config: TrainConfig,
    folder: Path,
    *,
    choice: NestedSearch | None = None,
    resume: bool = False,
    device: Device = "auto",
    jobs: int = 1,
    on_fold: Callable[[int, int, int], None] = lambda fold, count, clips: None,
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[int, dict[str, float]], None] = lambda fold, row: None,
) -> CrossValidation:
    """Trains and scores every fold; all training records of a fold are trained on to the end.

    Augmented copies are trained on, never tested on.

    Nothing is chosen on a test fold: no epoch, no temperature, no scaler. There is no validation
    part, so the number of epochs is the configuration's.

    Args:
        table: A feature table.
        folds: The test sets.
        config: How to train.
        folder: Where fold models, ``predictions.csv``, ``calibrated.csv`` (each test speaker's
            clips read against what is usual for that voice), ``report.json`` and ``confusion.png``
            go.
        choice: How each fold's hyperparameters are chosen; None takes those of `config`.
        resume: Keep the folds that an interrupted run finished, and continue the one it was in.
        device: Where to train.
        jobs: Folds that are trained at the same time, each in a process of its own; with a choice
            they are trained one after the other. Other orders of summation make other roundings.
        on_fold: Called with the fold, the number of folds and the training clips of each.
        on_step: As in `ser.training.loop.train`.
        on_epoch: Called with the fold and each row of its history.

    Returns:
        The pooled predictions and their figures.

    Raises:
        SerError: As `ser.training.loop.train`; a fold file of another training is in the way, or a
            process has died.
    """
    protocol = describe_protocol(table, folds, config, choice)
    units = [
        Fold(number, test, config, folder, protocol, device)
        for number, test in enumerate(folds.tests, start=1)
    ]
    callbacks = FoldCallbacks(
        lambda fold, clips: on_fold(fold, len(units), clips),
        on_step,
        on_epoch,
    )
    found: dict[int, FoldPredictions] = {}
    todo: list[Fold] = []
    for unit in units:
        scored = unit.finished(table) if resume else None
        if scored is None:
            todo.append(unit)
            continue
        found[unit.number] = scored
        callbacks.on_fold(unit.number, len(unit.rest(table)))
        on_step(unit.steps(table) * config.epochs)
    if jobs > 1 and len(todo) > 1 and choice is None:
        found |= train_folds(table, todo, jobs, callbacks, resume=resume)
        todo = []
    for unit in todo:
        callbacks.on_fold(unit.number, len(unit.rest(table)))
        found[unit.number] = unit.train(
            table,
            choose=None if choice is None else choice.make,
            resume=resume,
            on_step=on_step,
            on_epoch=functools.partial(on_epoch, unit.number),
        )
    labels = table_labels(table)
    scores = [found[unit.number] for unit in units]
    pooled = _pool_folds([one.plain for one in scores], labels, config)
    _write_report(folder, pooled, _pool_folds([one.told for one in scores], labels, config))
    return pooled


def describe_protocol(
    table: Table, folds: Folds, config: TrainConfig, choice: NestedSearch | None = None
) -> str:
    """Says in one line how the figures of a cross-validation come about."""
    apart = {
        "speaker": "speakers apart",
        "corpus": "corpora apart",
        "clip": "clips apart, speakers on both sides",
    }[folds.by]
    tested = set(np.asarray(table["corpus"])[np.concatenate(folds.tests)].tolist())
    return (
        f"{describe_data(table, tested, config)}, {len(table_labels(table))} classes, "
        f"{len(folds.tests)}-fold cross-validation ({folds.name}), {apart}, "
        f"arch {config.describe()}, "
        f"last of {config.epochs} epochs, seed {config.seed}"
        f"{'' if choice is None else f', {choice.protocol}'}"
    )


def describe_data(table: Table, tested: Collection[str], config: TrainConfig) -> str:
    """Names the corpora that are tested, and those that every network learns from besides."""
    # Clips of no corpus are counted with those that are tested: a protocol cannot name them.
    inside = np.isin(np.asarray(table["corpus"]), [*tested, ""])
    main = describe_corpora(without_features(table, np.flatnonzero(inside)))
    if inside.all():
        return main
    how = "supported by" if config.support else "trained with"
    return f"{main}, {how} {describe_corpora(without_features(table, np.flatnonzero(~inside)))}"


def _pool_folds(
    parts: list[Predictions], labels: tuple[str, ...], config: TrainConfig
) -> CrossValidation:
    predictions = pool_predictions(parts)
    evaluation = evaluate(
        predictions.emotion.tolist(),
        predictions.probabilities,
        labels,
        predictions.speaker_keys,
        predictions.corpus.tolist(),
        seed=config.seed,
    )
    truth = label_indices(predictions.emotion.tolist(), labels)
    return CrossValidation(
        predictions, evaluation, fit_temperature(predictions.probabilities, truth)
    )


def calibrated_error(predictions: Predictions) -> float:
    """Measures the calibration with each fold at the temperature that fits the other folds."""
    truth = label_indices(predictions.emotion.tolist(), predictions.labels)
    tempered = np.array(predictions.probabilities, np.float32)
    for number in set(predictions.fold.tolist()):
        inside = predictions.fold == number
        temperature = fit_temperature(predictions.probabilities[~inside], truth[~inside])
        tempered[inside] = apply_temperature(predictions.probabilities[inside], temperature)
    return expected_calibration_error(tempered, truth)


def _write_report(folder: Path, pooled: CrossValidation, calibrated: CrossValidation) -> None:
    protocol = pooled.predictions.protocol
    write_predictions(folder / PREDICTIONS, pooled.predictions)
    write_predictions(folder / ADAPTED_CSV, calibrated.predictions)
    report = {
        "protocol": protocol,
        "seed": pooled.predictions.seed,
        "temperature": pooled.temperature,
        CALIBRATED_ERROR: calibrated_error(pooled.predictions),
        **pooled.evaluation.to_dict(),
        "calibrated": {
            "protocol": calibrated.predictions.protocol,
            **calibrated.evaluation.to_dict(),
        },
    }
    with open_output(folder / REPORT, binary=True) as stream:
        stream.write(json.dumps(report, indent=1).encode() + b"\n")  # type: ignore[arg-type]
    draw_confusion(
        folder / CONFUSION,
        pooled.evaluation.confusion,
        pooled.evaluation.labels,
        "Cross-validation",
        protocol,
    )
