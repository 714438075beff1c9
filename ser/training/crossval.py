"""Cross-validation: every fold trained and scored in one run, each test fold seen once."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ser.artifact import read_card, write_artifact
from ser.calibration import expected_calibration_error, fit_temperature, with_temperature
from ser.engine import open_engine
from ser.errors import SerError
from ser.evaluation import Evaluation, evaluate, label_indices
from ser.features.spec import FeatureSpec
from ser.files import open_output
from ser.foldfile import Folds
from ser.grouping import Indices, originals, train_indices
from ser.labels import ordered
from ser.models.backend import Device
from ser.models.registry import architecture
from ser.plots.confusion import draw_confusion
from ser.predictions import Predictions, from_table, pool, read_predictions, write_predictions
from ser.scoring import predict_table
from ser.table import Table, spec_of, without_features
from ser.training.batches import Examples
from ser.training.card import describe_corpora, make_card
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.fit import Data, predict, train

PREDICTIONS = "predictions.csv"
REPORT = "report.json"
CONFUSION = "confusion.png"
CALIBRATED = "calibrated.csv"

TOLD = "each test speaker calibrated with the unlabelled test clips"
"""What is added to a protocol where voices are calibrated."""


TEMPERED = "calibration_error_with_temperature"
"""In the report: the calibration error with each fold at the temperature of the other folds."""

CHOSEN = "hyperparameters chosen inside every fold"
"""What a protocol says where each fold has hyperparameters of its own."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How each fold gets hyperparameters of its own, as in a nested cross-validation.

    Attributes:
        protocol: How, in words that begin with `CHOSEN`.
        make: Gives a fold's training and further entries for its card, from its training records
            and the artifact that will be written. It must not look at other records.
    """

    protocol: str
    make: Callable[[Data, Path], tuple[TrainConfig, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Pooled:
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
    choice: Choice | None = None,
    resume: bool = False,
    device: Device = "auto",
    on_fold: Callable[[int, int, int], None] = lambda fold, count, clips: None,
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
) -> Pooled:
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
        on_fold: Called with the fold, the number of folds and the training clips of each.
        on_step: As in `ser.training.fit.train`.
        on_epoch: As in `ser.training.fit.train`.

    Returns:
        The pooled predictions and their figures.

    Raises:
        SerError: As `ser.training.fit.train`; or a fold file of another training is in the way.
    """
    protocol = describe_protocol(table, folds, config, choice)
    labels = _labels(table)
    parts: list[Predictions] = []
    calibrated: list[Predictions] = []
    for number, test in enumerate(folds.tests, start=1):
        artifact = folder / f"fold-{number}.keras"
        finished = folder / f"fold-{number}.csv"
        rest = train_indices(len(table), test)
        # Copies of test clips are left out of both sides.
        test = originals(table, test)
        on_fold(number, len(folds.tests), len(rest))
        if resume and finished.exists() and artifact.exists():
            part = read_predictions(finished)
            same = part.protocol == protocol and made_with(read_card(artifact), table, config)
            if not same or part.path.tolist() != _tested(table, test):
                raise SerError(
                    finished,
                    "is of a cross-validation with other data or options",
                    "repeat those options, or start anew without --resume",
                )
            again = folder / f"fold-{number}-{CALIBRATED}"
            if again.exists():
                told = read_predictions(again)
            else:
                # A version that did not calibrate has finished this fold.
                labelled = np.asarray(test, np.intp)[np.asarray(table["y"])[test] != ""]
                told = _told_the_voice(artifact, table, labelled, part, device)
                write_predictions(again, told)
            parts.append(part)
            calibrated.append(told)
            on_step(max(1, len(rest) // config.batch_size) * config.epochs)
            continue
        checkpoint = Checkpoint(artifact)
        data = Data(table, rest)
        mine, more = (config, {}) if choice is None else choice.make(data, artifact)
        trained = train(
            data,
            mine,
            checkpoint=checkpoint,
            resume=resume,
            device=device,
            on_step=on_step,
            on_epoch=on_epoch,
        )
        if trained.labels != labels:
            raise SerError(
                f"fold {number}",
                "has no training clip of some emotion",
                "use fewer folds, or merge rare emotions with ser-merge --map",
            )
        kind = architecture(mine.arch, mine.options)
        examples = Examples(
            table, np.asarray(test, np.intp), labels, reads_functionals=kind.reads_functionals
        )
        part = from_table(
            without_features(table, examples.indices),
            labels,
            predict(trained.model, examples),
            fold=number,
            protocol=protocol,
            seed=config.seed,
        )
        card = make_card(table, rest, mine, trained, protocol=f"fold {number} of: {protocol}")
        write_artifact(
            artifact,
            trained.model,
            {**card, **more},
            trained.voice,
            eight_bits=kind.eight_bits(card["frames"]),
        )
        told = _told_the_voice(artifact, table, examples.indices, part, device)
        write_predictions(folder / f"fold-{number}-{CALIBRATED}", told)
        write_predictions(finished, part)
        checkpoint.clear()
        parts.append(part)
        calibrated.append(told)
    pooled = _pooled(parts, labels, config)
    _write(folder, pooled, _pooled(calibrated, labels, config))
    return pooled


def _told_the_voice(
    artifact: Path, table: Table, records: Indices, part: Predictions, device: Device
) -> Predictions:
    """Scores the test clips again, each speaker calibrated with all of them, without labels."""
    engine = open_engine(artifact, "keras", device)
    told = predict_table(
        engine,
        table,
        records=records,
        calibrate=True,
        protocol=f"{part.protocol}, {TOLD}",
        seed=part.seed,
    )
    return replace(told, fold=part.fold)


def describe_protocol(
    table: Table, folds: Folds, config: TrainConfig, choice: Choice | None = None
) -> str:
    """Says in one line how the figures of a cross-validation come about."""
    apart = {
        "speaker": "speakers apart",
        "corpus": "corpora apart",
        "clip": "clips apart, speakers on both sides",
    }[folds.by]
    tested = set(np.asarray(table["corpus"])[np.concatenate(folds.tests)].tolist())
    return (
        f"{describe_data(table, tested, config)}, {len(_labels(table))} classes, "
        f"{len(folds.tests)}-fold cross-validation ({folds.name}), {apart}, "
        f"arch {config.described()}, "
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


def made_with(card: Mapping[str, Any], table: Table, config: TrainConfig) -> bool:
    """Says whether a fold's network was trained with these features and options.

    Patience is not asked for, because a cross-validation has nothing to watch, and neither are
    hyperparameters that were chosen inside the fold.

    Args:
        card: The card of a fold's artifact.
        table: The table that is trained on.
        config: How to train.
    """
    config = config.changed(card.get("tuning", {}).get("chosen", {}))
    # Through JSON, as the card has come: tuples are lists there.
    wanted = json.loads(json.dumps(config.to_dict()))
    del wanted["patience"]
    trained = {name: card.get("training", {}).get(name) for name in wanted}
    return trained == wanted and FeatureSpec.from_dict(card["spec"]) == spec_of(table)


def _tested(table: Table, test: Indices) -> list[str]:
    """Names the clips of a test set as a predictions file does."""
    chosen = test[np.asarray(table["y"])[test] != ""]
    names = np.asarray(table["path"])[chosen].tolist()
    return [name.encode("utf-8", "backslashreplace").decode("utf-8") for name in names]


def _labels(table: Table) -> tuple[str, ...]:
    return tuple(ordered(set(np.asarray(table["y"]).tolist()) - {""}))


def _pooled(parts: list[Predictions], labels: tuple[str, ...], config: TrainConfig) -> Pooled:
    predictions = pool(parts)
    evaluation = evaluate(
        predictions.emotion.tolist(),
        predictions.probabilities,
        labels,
        predictions.speaker_keys,
        predictions.corpus.tolist(),
        seed=config.seed,
    )
    truth = label_indices(predictions.emotion.tolist(), labels)
    return Pooled(predictions, evaluation, fit_temperature(predictions.probabilities, truth))


def tempered_error(predictions: Predictions) -> float:
    """Measures the calibration with each fold at the temperature that fits the other folds."""
    truth = label_indices(predictions.emotion.tolist(), predictions.labels)
    tempered = np.array(predictions.probabilities, np.float32)
    for number in set(predictions.fold.tolist()):
        inside = predictions.fold == number
        temperature = fit_temperature(predictions.probabilities[~inside], truth[~inside])
        tempered[inside] = with_temperature(predictions.probabilities[inside], temperature)
    return expected_calibration_error(tempered, truth)


def _write(folder: Path, pooled: Pooled, calibrated: Pooled) -> None:
    protocol = pooled.predictions.protocol
    write_predictions(folder / PREDICTIONS, pooled.predictions)
    write_predictions(folder / CALIBRATED, calibrated.predictions)
    report = {
        "protocol": protocol,
        "seed": pooled.predictions.seed,
        "temperature": pooled.temperature,
        TEMPERED: tempered_error(pooled.predictions),
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
