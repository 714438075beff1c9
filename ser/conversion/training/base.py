"""The interface of conversion trainers, and the examples that they learn from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ser.arrays import Indices, Matrix, Vector
from ser.conversion.contours import Contours, contours_from_features
from ser.conversion.pairs import Pairs, intensity_values
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.labels import ordered
from ser.models.base import Architecture
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures


@dataclass(frozen=True, eq=False)
class PairExamples:
    """Pairs of records of a table, with emotion, intensity and speaker of the records.

    Attributes:
        table: Features of the preset ``translate``.
        pairs: Source and target records.
        indices: The training records, whether in a pair or not.
        emotions: Names, in the order of the condition vector.
    """

    table: Table
    pairs: Pairs
    indices: Indices
    emotions: tuple[str, ...]

    def __len__(self) -> int:
        """Gives the number of pairs."""
        return len(self.pairs)

    @cached_property
    def intensity(self) -> Vector:
        """The intensity of every record of the table, shape (records,)."""
        return intensity_values(self.table)

    @cached_property
    def emotion(self) -> Indices:
        """The emotion of every record as an index into `emotions`; -1 for none of them."""
        places = {name: place for place, name in enumerate(self.emotions)}
        return np.array([places.get(name, -1) for name in self.table["y"].tolist()])

    @cached_property
    def speakers(self) -> tuple[str, ...]:
        """The speakers of `indices`, as ``corpus/speaker``."""
        keys = speaker_keys(self.table)
        return tuple(sorted({keys[number] for number in self.indices.tolist()}))

    @cached_property
    def speaker(self) -> Indices:
        """The speaker of every record as an index into `speakers`; -1 for none of them."""
        places = {name: place for place, name in enumerate(self.speakers)}
        return np.array([places.get(key, -1) for key in speaker_keys(self.table)])

    def contours(self, record: int) -> Contours:
        """Gives a record's contours, without padding."""
        frames = int(self.table["frames"][record])
        return contours_from_features(
            np.asarray(self.table["x"][record, :frames]), spec_of(self.table)
        )

    def conditions(self, records: Indices) -> Matrix:
        """Gives condition vectors: the intensity in the column of the emotion, 0 in the others.

        Args:
            records: Record numbers, shape (n,).

        Returns:
            Shape (n, emotions).
        """
        conditions = np.zeros((len(records), len(self.emotions)), np.float32)
        conditions[np.arange(len(records)), self.emotion[records]] = self.intensity[records]
        return conditions


class ConversionTrainer(ABC):
    """Trains a generator; `ser.conversion.training.fit` calls it once per epoch.

    Args:
        keras: The module.
        architecture: What is trained.
        examples: The training data.
        config: How to train; an epoch sees every pair once.

    Attributes:
        model: The generator: it alone goes into the artifact.
        steps: Training steps per epoch.
    """

    def __init__(
        self, keras: Any, architecture: Architecture, examples: PairExamples, config: TrainConfig
    ) -> None:
        self.keras = keras
        self.architecture = architecture
        self.examples = examples
        self.config = config
        self.steps = max(1, len(examples) // config.batch_size)
        self.model: Any = None

    @abstractmethod
    def build(self) -> None:
        """Builds all networks; called once, unless a checkpoint is continued."""

    @abstractmethod
    def training_networks(self) -> dict[str, Any]:
        """Gives the networks that a checkpoint keeps beside the model, by name."""

    @abstractmethod
    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Takes over the networks of a checkpoint, instead of `build`."""

    @abstractmethod
    def epoch(self, number: int, on_step: Callable[[int], None]) -> EpochFigures:
        """Trains one epoch.

        Args:
            number: Number of finished epochs; with the seed it seeds all random draws.
            on_step: To be called with the number of steps done since the last call.

        Returns:
            The mean of every loss term, by name.
        """

    def batches(self, number: int) -> Iterator[Indices]:
        """Gives the numbers of the pairs of each step of an epoch, in a random order."""
        rng = np.random.default_rng((self.config.seed, number))
        order = rng.permutation(len(self.examples))
        size = self.config.batch_size
        for step in range(self.steps):
            yield order[step * size : (step + 1) * size]


def build_examples(table: Table, indices: Indices, pairs: Pairs) -> PairExamples:
    """Collects training examples.

    Args:
        table: Features of the preset ``translate``.
        indices: The training records.
        pairs: Of these records.
    """
    emotions = ordered(set(np.asarray(table["y"])[indices].tolist()) - {""})
    return PairExamples(table, pairs, indices, tuple(emotions))
