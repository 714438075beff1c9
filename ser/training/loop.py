"""The training loop: epochs, validation, early stopping and checkpoints."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Array, Indices, Matrix
from ser.dataset.table import Table, speaker_keys
from ser.errors import TableError, missing_package
from ser.evaluation.metrics import uar
from ser.labels import ordered
from ser.models.backend import Device, list_gpus, load_keras
from ser.models.calibration import fit_temperature
from ser.models.precision import Precision, precision_policy, to_float32
from ser.models.registry import make_architecture
from ser.models.speaker_model import SpeakerModel
from ser.training.batches import Examples, batches, steps_per_epoch
from ser.training.checkpoint import Checkpoint, TrainingState
from ser.training.config import TrainConfig
from ser.training.registry import TRAINERS

# Clips per call of a network.
_BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """A trained network, and figures of its training.

    Attributes:
        model: The `keras.Model`, with the weights of the best epoch if there were validation clips,
            and of the last one otherwise.
        labels: Emotion names in the order of its outputs.
        history: A row per epoch: ``epoch``, ``loss``, ``accuracy``, and with validation clips
            ``val_loss``, ``val_accuracy`` and ``val_uar``.
        epochs: Epochs trained.
        best_epoch: The epoch of the weights.
        temperature: Fitted to the validation clips; 1 without any.
        seconds: Duration of the training, without that of earlier runs.
        device: Keras backend, device and precision, such as ``tensorflow cpu bfloat16``.
        voice: The mean baseline of the training speakers, shape (2, functionals), for networks that
            read functionals.
        speaker_model: The model of how voices sound, where the architecture has one.
        generate: Generates records with the networks of the last epoch; see
            `ser.training.trainer.Trainer.generate`.
    """

    model: Any
    labels: tuple[str, ...]
    history: list[dict[str, float]]
    epochs: int
    best_epoch: int
    temperature: float
    seconds: float
    device: str
    voice: Matrix | None = None
    generate: Callable[[], Table | None] = lambda: None
    speaker_model: SpeakerModel | None = None


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Training and validation records.

    Attributes:
        table: The training table.
        train: Numbers of its training records.
        validation: Numbers of the validation records, of `validation_table` if there is one and of
            `table` otherwise; None for none.
        validation_table: A separate table for validation.
    """

    table: Table
    train: Indices
    validation: Indices | None = None
    validation_table: Table | None = None


def train(
    data: TrainingData,
    config: TrainConfig,
    *,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    device: Device = "auto",
    tensorboard: Path | None = None,
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
) -> TrainedNetwork:
    """Trains a network.

    Args:
        data: The records.
        config: The configuration.
        checkpoint: Written after every epoch, so that an interrupted training can be resumed.
        resume: Continue from the checkpoint, if it exists.
        device: The device to train on.
        tensorboard: A folder for TensorBoard's event files.
        on_step: Called with the number of steps since the last call.
        on_epoch: Called with each row of the history, also with those of an interrupted run.

    Returns:
        The network.

    Raises:
        SerError: The table does not suit the architecture, the checkpoint is of another training,
            or there is no such device or architecture.
    """
    started = time.monotonic()
    emotions = np.asarray(data.table["y"])[data.train]
    labels = tuple(ordered(set(emotions.tolist()) - {""}))
    if len(labels) == 1:
        raise TableError(
            "training table",
            f"has one emotion alone ({labels[0]}): there is nothing to tell apart",
            "train on clips of at least two",
        )
    arch = make_architecture(config.arch, config.options)
    reads = arch.reads_functionals
    examples = Examples(
        data.table, data.train, labels, reads_functionals=reads, support=config.support
    )
    validation = None
    if data.validation is not None:
        source = data.table if data.validation_table is None else data.validation_table
        validation = Examples(source, data.validation, labels, reads_functionals=reads)
    keras = load_keras(device)
    keras.utils.set_random_seed(config.seed)
    fingerprint = _fingerprint(examples, validation, config)
    loaded = checkpoint.load(keras, fingerprint) if checkpoint and resume else None
    trainer = TRAINERS[arch.trainer](keras, arch, examples, config)
    best, state = None, TrainingState(fingerprint)
    if loaded is None:
        with precision_policy(keras, config.precision):
            trainer.build()
        if checkpoint is not None and not resume:
            # A later --resume must not take the files of an older training for those of this one.
            checkpoint.clear()
    else:
        best, state = loaded.best, loaded.state
        trainer.restore(loaded.model, loaded.training_networks)
    stream = batches(examples, config, state.epoch)
    steps = steps_per_epoch(examples, config)
    for row in state.history:
        on_step(steps)
        on_epoch(row)
    write_tensorboard = _tensorboard_writer(tensorboard)
    while state.epoch < config.epochs:
        if _has_stalled(state, config) and trainer.may_stop(state.epoch):
            break
        row = trainer.epoch(state.epoch, stream, on_step)
        state.epoch += 1
        row = {"epoch": float(state.epoch), **row}
        if validation is not None:
            row |= _validation_figures(trainer.model, validation)
            if row["val_loss"] < state.best_loss:
                state.best_loss, state.best_epoch = row["val_loss"], state.epoch
                best = trainer.model.get_weights()
        state.history.append(row)
        if checkpoint is not None:
            checkpoint.save(trainer.model, best, state, trainer.training_networks())
        write_tensorboard(state.epoch, row)
        on_epoch(row)
    model = _without_optimiser(keras, trainer.model, best)
    temperature = 1.0
    if validation is not None:
        temperature = fit_temperature(predict(model, validation), validation.targets)
    return TrainedNetwork(
        model,
        labels,
        state.history,
        state.epoch,
        state.best_epoch or state.epoch,
        temperature,
        time.monotonic() - started,
        device_name(keras, config.precision),
        examples.general_baseline if reads else None,
        trainer.generate,
        trainer.speaker_model,
    )


def predict(model: Any, examples: Examples) -> Array:
    """Runs a network over examples.

    Returns:
        Probabilities, shape (n, classes).
    """
    return np.concatenate(
        [
            np.asarray(
                model.predict_on_batch(examples.inputs(slice(start, start + _BATCH))),
                np.float32,
            )
            for start in range(0, len(examples), _BATCH)
        ]
    )


def training_speakers(table: Table, indices: Indices) -> list[str]:
    """Lists the speakers of some records as ``corpus/speaker``, for the card."""
    keys = np.array(speaker_keys(table), dtype=object)[indices]
    return sorted(set(keys.tolist()) - {""})


def _without_optimiser(keras: Any, model: Any, weights: Any) -> Any:
    """Copies a network without its optimizer, which would treble the size of an artifact."""
    with precision_policy(keras, "float32"):
        copy = keras.Model.from_config(to_float32(model.get_config()))
    copy.set_weights(model.get_weights() if weights is None else weights)
    return copy


def _validation_figures(model: Any, validation: Examples) -> dict[str, float]:
    probabilities = predict(model, validation)
    count = len(validation.labels)
    correct = probabilities[np.arange(len(validation)), validation.targets]
    confusion = np.zeros((count, count), np.int64)
    np.add.at(confusion, (validation.targets, probabilities.argmax(axis=1)), 1)
    return {
        "val_loss": float(-np.log(np.maximum(correct, 1e-12)).mean()),
        "val_accuracy": float(np.trace(confusion) / confusion.sum()),
        "val_uar": float(uar(confusion)),
    }


def _has_stalled(state: TrainingState, config: TrainConfig) -> bool:
    return bool(
        config.patience and state.best_epoch and state.epoch - state.best_epoch >= config.patience
    )


def _fingerprint(examples: Examples, validation: Examples | None, config: TrainConfig) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(
        json.dumps([config.fingerprint_values(), examples.labels], sort_keys=True).encode()
    )
    for part in (examples, validation):
        if part is not None:
            digest.update(part.spec.to_json().encode())
            for name in ("path", "start", "augment", "y"):
                digest.update(repr(np.asarray(part.table[name])[part.indices].tolist()).encode())
    return digest.hexdigest()


def _tensorboard_writer(folder: Path | None) -> Callable[[int, dict[str, float]], None]:
    if folder is None:
        return lambda epoch, row: None
    try:
        from tensorboard.summary import Writer
    except ModuleNotFoundError as error:
        raise missing_package("--tensorboard", error.name) from error
    writer = Writer(str(folder))

    def write(epoch: int, row: dict[str, float]) -> None:
        for name, value in row.items():
            writer.add_scalar(name, value, epoch)
        writer.flush()

    return write


def device_name(keras: Any, precision: Precision) -> str:
    """Names Keras's backend, device and precision, for the card."""
    name = f"{keras.backend.backend()} {'gpu' if list_gpus(keras) else 'cpu'}"
    return name if precision == "auto" else f"{name} {precision}"
