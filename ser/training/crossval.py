"""Cross-validation: trains a network on every fold and evaluates the pooled predictions."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.dataset.folds import Folds
from ser.dataset.table import Table, without_features
from ser.evaluation.metrics import Evaluation, evaluate_predictions
from ser.evaluation.predictions import Predictions, pool_predictions, write_predictions
from ser.io.files import open_output
from ser.labels import label_indices
from ser.models.backend import Device
from ser.models.calibration import apply_temperature, expected_calibration_error, fit_temperature
from ser.models.conformal import ADAPTED, COVERAGE, PLAIN, fit_thresholds
from ser.training.card import describe_corpora
from ser.training.config import TrainConfig
from ser.training.fold import ADAPTED_CSV, ChooseConfig, Fold, FoldPredictions, table_labels
from ser.training.parallel_folds import FoldCallbacks, train_folds
from ser.wording import counted

PREDICTIONS = "predictions.csv"
REPORT = "report.json"

CALIBRATED_ERROR = "calibration_error_with_temperature"
"""Key of the report: the calibration error with each fold at the temperature of the other folds."""

NESTED_PROTOCOL = "hyperparameters chosen inside every fold"
"""Begins the part of a protocol that describes a nested search."""


@dataclass(frozen=True, slots=True)
class NestedSearch:
    """A search for hyperparameters inside each fold: nested cross-validation.

    Attributes:
        protocol: Describes the search; begins with `NESTED_PROTOCOL`.
        choose: Runs the search of a fold.
    """

    protocol: str
    choose: ChooseConfig


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """The outcome of a cross-validation.

    Attributes:
        predictions: The predictions of every fold for its test clips, pooled.
        evaluation: The figures of the pooled predictions.
        temperature: Fitted to the pooled predictions, for a network trained on all clips.
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
    search: NestedSearch | None = None,
    resume: bool = False,
    device: Device = "auto",
    jobs: int = 1,
    on_fold: Callable[[int, int, int], None] = lambda fold, count, clips: None,
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[int, dict[str, float]], None] = lambda fold, row: None,
) -> CrossValidation:
    """Trains a network on every fold and evaluates the pooled predictions.

    Every fold is trained to the last epoch: there are no validation clips, and nothing is chosen on
    a test fold, neither epoch nor temperature nor scaler. Augmented copies are trained on, but
    never tested.

    Args:
        table: A feature table.
        folds: The test sets.
        config: The configuration of the training.
        folder: The folder of the fold models, ``predictions.csv``, ``calibrated.csv`` (predictions
            after adaptation to each test speaker) and ``report.json``.
        search: A search for hyperparameters in each fold; None uses those of `config`.
        resume: Keep the folds that an interrupted run finished, and continue the one it was in.
        device: The device to train on.
        jobs: Folds that are trained at the same time, in processes; with a search they are trained
            one after the other. Sums in another order make other rounding errors.
        on_fold: Called with the fold, the number of folds and the training clips of each.
        on_step: As in `ser.training.loop.train`.
        on_epoch: Called with the fold and each row of its history.

    Returns:
        The pooled predictions and their figures.

    Raises:
        SerError: As `ser.training.loop.train`; a fold file of another training is in the way, or a
            process has died.
    """
    protocol = describe_protocol(table, folds, config, search)
    all_folds = [
        Fold(number, test, config, folder, protocol, device)
        for number, test in enumerate(folds.tests, start=1)
    ]
    callbacks = FoldCallbacks(
        lambda fold, clips: on_fold(fold, len(all_folds), clips), on_step, on_epoch
    )
    results: dict[int, FoldPredictions] = {}
    remaining: list[Fold] = []
    for fold in all_folds:
        finished = fold.load_finished(table) if resume else None
        if finished is None:
            remaining.append(fold)
            continue
        results[fold.number] = finished
        callbacks.on_fold(fold.number, len(fold.training_records(table)))
        on_step(fold.steps_per_epoch(table) * config.epochs)
    if jobs > 1 and len(remaining) > 1 and search is None:
        results |= train_folds(table, remaining, jobs, callbacks, resume=resume)
        remaining = []
    for fold in remaining:
        callbacks.on_fold(fold.number, len(fold.training_records(table)))
        results[fold.number] = fold.train(
            table,
            choose=None if search is None else search.choose,
            resume=resume,
            on_step=on_step,
            on_epoch=functools.partial(on_epoch, fold.number),
        )
    labels = table_labels(table)
    ordered = [results[fold.number] for fold in all_folds]
    plain = _pool_folds([result.plain for result in ordered], labels, config)
    adapted = _pool_folds([result.adapted for result in ordered], labels, config)
    _write_report(folder, plain, adapted)
    return plain


def describe_protocol(
    table: Table, folds: Folds, config: TrainConfig, search: NestedSearch | None = None
) -> str:
    """Describes corpora, folds, network and seed of a cross-validation in one line."""
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
        f"last of {counted(config.epochs, 'epoch')}, seed {config.seed}"
        f"{'' if search is None else f', {search.protocol}'}"
    )


def describe_data(table: Table, tested: Collection[str], config: TrainConfig) -> str:
    """Describes the corpora that are tested, and those that are trained on only.

    Args:
        table: The training table.
        tested: The corpora that are tested.
        config: Whether the other corpora are supporting ones.
    """
    # Clips without a corpus count as tested: a protocol cannot name them.
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
    evaluation = evaluate_predictions(predictions, seed=config.seed)
    truth = label_indices(predictions.emotion.tolist(), labels)
    return CrossValidation(
        predictions, evaluation, fit_temperature(predictions.probabilities, truth)
    )


def calibrated_error(predictions: Predictions) -> float:
    """Computes the calibration error with each fold at the temperature of the other folds."""
    truth = label_indices(predictions.emotion.tolist(), predictions.labels)
    tempered = np.array(predictions.probabilities, np.float32)
    for number in set(predictions.fold.tolist()):
        inside = predictions.fold == number
        temperature = fit_temperature(predictions.probabilities[~inside], truth[~inside])
        tempered[inside] = apply_temperature(predictions.probabilities[inside], temperature)
    return expected_calibration_error(tempered, truth)


def _thresholds(predictions: Predictions, temperature: float) -> list[float]:
    """Finds the thresholds of prediction sets; see `ser.models.conformal`."""
    truth = label_indices(predictions.emotion.tolist(), predictions.labels)
    probabilities = apply_temperature(predictions.probabilities, temperature)
    voices = [
        f"{corpus}/{speaker}"
        for corpus, speaker in zip(predictions.corpus, predictions.speaker, strict=True)
    ]
    speakers = np.unique(voices, return_inverse=True)[1]
    return fit_thresholds(probabilities[np.arange(len(truth)), truth], speakers)


def output_files(folder: Path, folds: int) -> list[Path]:
    """Lists the files that a cross-validation of so many folds writes into its folder."""
    names = [PREDICTIONS, ADAPTED_CSV, REPORT]
    for number in range(1, folds + 1):
        names += [f"fold-{number}{end}" for end in (".keras", ".csv", f"-{ADAPTED_CSV}")]
    return [folder / name for name in names]


def _write_report(folder: Path, plain: CrossValidation, adapted: CrossValidation) -> None:
    write_predictions(folder / PREDICTIONS, plain.predictions)
    write_predictions(folder / ADAPTED_CSV, adapted.predictions)
    report = {
        "protocol": plain.predictions.protocol,
        "seed": plain.predictions.seed,
        "temperature": plain.temperature,
        COVERAGE: {
            PLAIN: _thresholds(plain.predictions, plain.temperature),
            ADAPTED: _thresholds(adapted.predictions, 1.0),
        },
        CALIBRATED_ERROR: calibrated_error(plain.predictions),
        **plain.evaluation.to_dict(),
        # The name that earlier versions gave to the adaptation.
        "calibrated": {
            "protocol": adapted.predictions.protocol,
            **adapted.evaluation.to_dict(),
        },
    }
    with open_output(folder / REPORT, binary=True) as stream:
        stream.write(json.dumps(report, indent=1).encode() + b"\n")  # type: ignore[arg-type]
