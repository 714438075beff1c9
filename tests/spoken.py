"""Small tables of synthetic speech with three emotions that are easy to tell apart, and models."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from speech import render
from threads import one_thread

from ser.dataset.table import Table, record_dtype
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec
from ser.models.base import Architecture, Problem, standardized_input
from ser.models.prosody_cnn import ProsodyCNN
from ser.models.registry import make_architecture
from ser.training.config import TrainConfig
from ser.training.spec_augment import NO_AUGMENTATION

EMOTIONS = ("neutral", "sad", "angry")
SECONDS = 1.0

SPEC = FeatureSpec(
    n_mels=24, hop_length=480, win_length=512, duration=SECONDS, normalise="utterance"
)
"""34 frames of 24 log-mels for a second of sound."""

POOLED = FeatureSpec(n_mels=24, hop_length=480, win_length=512, pool="stats")

PROSODIC = SPEC.with_changes(n_fft=1024, win_length=1024, functionals="prosody")
"""The same with prosodic functionals, which need longer windows."""

CONFIG = TrainConfig(epochs=6, batch_size=16, augment=NO_AUGMENTATION)
"""Seconds of training, and enough for these three emotions."""

SLIM = {"width": 0.5, "units": 64}
"""A prosody-cnn that trains in seconds."""


@dataclass(frozen=True)
class Small(Architecture):
    """One dense layer between dropout and batch normalisation: Keras makes it in a moment."""

    name = "small"
    summary = "for tests"

    def build(self, keras: Any, problem: Problem) -> Any:
        entry, x = standardized_input(keras, problem)
        x = keras.layers.Dropout(0.2)(keras.layers.Flatten()(x))
        x = keras.layers.BatchNormalization(momentum=0.8)(x)
        x = keras.layers.Dense(problem.classes, activation="softmax")(x)
        return keras.Model(entry, x)


def training_with(module: str, name: str) -> list[str]:
    """Gives the command ser-train with an architecture of the tests, which trains in a moment.

    Args:
        module: The module beside this one that defines it.
        name: Its class; ``--arch`` calls it by its own name.
    """
    root = Path(__file__).parents[1]
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path[:0] = [{str(root)!r}, {str(root / 'tests')!r}]\n"
        f"from {module} import {name}\n"
        "from ser.models import registry\n"
        f"registry.ARCHITECTURES = {{**registry.ARCHITECTURES, {name}.name: {name}}}\n"
        "from ser.cli.train.command import main\n"
        "main()",
    ]


class SmallExperts(ProsodyCNN):
    """The real experts with a picture of one dense layer: Keras makes it in a moment."""

    name = "small-experts"
    summary = "for tests"

    def logits(self, keras: Any, problem: Problem, x: Any) -> Any:
        x = keras.layers.Dropout(0.2)(keras.layers.Flatten()(x))
        x = keras.layers.BatchNormalization(momentum=0.8)(x)
        return keras.layers.Dense(problem.classes, dtype="float32")(x)


def spoken_table(
    spec: FeatureSpec = SPEC,
    speakers: Sequence[int] = range(1, 9),
    takes: int = 4,
    corpus: str = "made",
) -> Table:
    """One second per clip; speakers are called 01, 02 and so on."""
    extract = Extractor(spec)
    clips = [(s, e, k) for s in speakers for e in EMOTIONS for k in range(takes)]
    found = [
        extract.compute_all(
            extract.prepare(
                render(e, s, seed=k, seconds=SECONDS, text=k % 2 + 1, intensity="strong")
            )
        )
        for s, e, k in clips
    ]
    matrices = [matrix for matrix, _ in found]
    table = np.zeros(len(clips), record_dtype(spec, *matrices[0].shape))
    table["x"] = matrices
    if spec.functionals != "none":
        table["functionals"] = [functionals for _, functionals in found]
    table["frames"] = len(matrices[0])
    table["y"] = [e for _, e, _ in clips]
    table["speaker"] = [f"{s:02d}" for s, _, _ in clips]
    table["gender"] = ["male" if s % 2 else "female" for s, _, _ in clips]
    table["path"] = [f"{s:02d}/{e}-{k}.wav" for s, e, k in clips]
    table["corpus"] = corpus
    table["duration"] = SECONDS
    return table


def of_speakers(table: Table, *names: str) -> Any:
    """Numbers of the records of some speakers."""
    return np.flatnonzero(np.isin(table["speaker"], names))


def train_model(table: Table, target: Path, config: TrainConfig = CONFIG) -> Path:
    """Trains on a whole table and writes the artifact."""
    from ser.models.artifact import write_artifact
    from ser.training.card import make_card
    from ser.training.loop import TrainingData, train

    compute_all = np.arange(len(table))
    with one_thread():
        trained = train(TrainingData(table, compute_all), config, device="cpu")
    card = make_card(table, compute_all, config, trained, protocol="trained on all of it")
    eight_bits = make_architecture(config.arch, config.options).eight_bits(card["frames"])
    assert write_artifact(
        target,
        trained.model,
        card,
        trained.voice,
        eight_bits=eight_bits,
        speaker_model=trained.speaker_model,
    )
    return target
