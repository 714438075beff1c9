"""Training of a conversion model on the pairs of a table, and its card."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ser.arrays import Indices
from ser.conversion.artifact import RULES_KEY, TRANSLATOR
from ser.conversion.pairs import Pairs
from ser.conversion.registry import conversion_architecture, trainer_for
from ser.conversion.rules import learn_rules
from ser.conversion.training.base import build_examples
from ser.dataset.table import Table, spec_of
from ser.models.backend import Device, load_keras
from ser.models.base import Architecture
from ser.training.card import corpora_of, training_card
from ser.training.checkpoint import Checkpoint, TrainingState
from ser.training.config import TrainConfig
from ser.training.loop import device_name, training_speakers
from ser.wording import counted


@dataclass(frozen=True, slots=True, eq=False)
class TrainedConverter:
    """A trained generator and its training history.

    Attributes:
        model: The generator, as it was trained.
        architecture: Its architecture.
        emotions: In the order of its conditions.
        history: A row per epoch: ``epoch`` and every loss term.
        seconds: Duration of the training, of this run alone.
        device: Keras backend and device.
    """

    model: Any
    architecture: Architecture
    emotions: tuple[str, ...]
    history: list[dict[str, float]]
    seconds: float
    device: str


def train_converter(
    table: Table,
    indices: Indices,
    pairs: Pairs,
    config: TrainConfig,
    *,
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    device: Device = "auto",
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
) -> TrainedConverter:
    """Trains a conversion model for a fixed number of epochs.

    Args:
        table: Features of the preset ``translate``.
        indices: The training records.
        pairs: Of these records.
        config: How to train.
        checkpoint: Where the state of the training is kept after each epoch.
        resume: Continue from the checkpoint if there is one.
        device: Where to train.
        on_step: Called with the number of steps done since the last call.
        on_epoch: Called with each row of the history, also those of an interrupted run.

    Returns:
        The generator.

    Raises:
        SerError: The checkpoint is of another training, or there is no such device or architecture.
    """
    started = time.monotonic()
    arch = conversion_architecture(config.arch, config.options)
    examples = build_examples(table, indices, pairs)
    keras = load_keras(device)
    keras.utils.set_random_seed(config.seed)
    fingerprint = _fingerprint(table, indices, pairs, config)
    loaded = checkpoint.load(keras, fingerprint) if checkpoint and resume else None
    trainer = trainer_for(arch)(keras, arch, examples, config)
    state = TrainingState(fingerprint)
    if loaded is None:
        trainer.build()
        if checkpoint is not None and not resume:
            # A later --resume must not continue an older training.
            checkpoint.clear()
    else:
        state = loaded.state
        trainer.restore(loaded.model, loaded.training_networks)
    for row in state.history:
        on_step(trainer.steps)
        on_epoch(row)
    while state.epoch < config.epochs:
        row = trainer.epoch(state.epoch, on_step)
        state.epoch += 1
        row = {"epoch": float(state.epoch), **row}
        state.history.append(row)
        if checkpoint is not None:
            checkpoint.save(trainer.model, None, state, trainer.training_networks())
        on_epoch(row)
    return TrainedConverter(
        trainer.model,
        arch,
        examples.emotions,
        state.history,
        time.monotonic() - started,
        device_name(keras, config.precision),
    )


def _fingerprint(table: Table, indices: Indices, pairs: Pairs, config: TrainConfig) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(json.dumps(config.fingerprint_values(), sort_keys=True).encode())
    digest.update(spec_of(table).to_json().encode())
    for name in ("path", "start", "y", "speaker", "text", "intensity"):
        digest.update(repr(np.asarray(table[name])[indices].tolist()).encode())
    digest.update(pairs.source.tobytes() + pairs.target.tobytes())
    return digest.hexdigest()


def make_card(
    table: Table,
    indices: Indices,
    pairs: Pairs,
    config: TrainConfig,
    trained: TrainedConverter,
) -> dict[str, Any]:
    """Writes the card of a conversion model, with rules learned from the same recordings.

    Args:
        table: The training table.
        indices: The training records.
        pairs: Of these records.
        config: How it was trained.
        trained: The generator.

    Returns:
        Plain JSON types, for `ser.models.artifact.write_artifact`.
    """
    corpora = "+".join(corpora_of(table, indices)) or "own clips"
    clips = counted(len(indices), "clip")
    speakers = counted(len(training_speakers(table, indices)), "speaker")
    card = training_card(
        TRANSLATOR,
        table,
        indices,
        config,
        labels=trained.emotions,
        protocol=f"{counted(len(pairs), 'pair')} of {corpora} ({clips}, {speakers}), "
        f"last of {counted(config.epochs, 'epoch')}, seed {config.seed}",
        training={
            "epochs_trained": len(trained.history),
            "minutes": round(trained.seconds / 60, 1),
            "device": trained.device,
            "last": trained.history[-1] if trained.history else {},
        },
    )
    return {**card, RULES_KEY: learn_rules(table, indices).to_dict()}
