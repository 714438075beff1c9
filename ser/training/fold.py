"""One fold of a cross-validation: trained, scored once, and left in files of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Indices
from ser.dataset.groups import originals, train_indices
from ser.dataset.table import Table, spec_of, without_features
from ser.errors import SerError
from ser.evaluation.predict import predict_table
from ser.evaluation.predictions import Predictions, from_table, read_predictions, write_predictions
from ser.features.spec import FeatureSpec
from ser.inference.classifier import open_classifier
from ser.labels import ordered
from ser.models.artifact import read_card, write_artifact
from ser.models.backend import Device
from ser.models.registry import make_architecture
from ser.training.batches import Examples
from ser.training.card import make_card
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainingData, predict, train

ADAPTED_CSV = "calibrated.csv"

ADAPTED_PROTOCOL = "each test speaker calibrated with the unlabelled test clips"
"""What is added to a protocol where voices are calibrated."""

ChooseConfig = Callable[[TrainingData, Path], tuple[TrainConfig, dict[str, Any]]]
"""Gives a fold's training and further entries for its card, from its training records and the
artifact that will be written. It must not look at other records."""


@dataclass(frozen=True, slots=True)
class FoldPredictions:
    """What a fold's network says about its test clips.

    Attributes:
        plain: With nothing known about the speakers.
        told: With each speaker calibrated.
    """

    plain: Predictions
    told: Predictions


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One fold.

    Attributes:
        number: Counted from 1.
        side: Record numbers of its test set, augmented copies among them.
        config: How to train.
        folder: Where ``fold-N.keras``, ``fold-N.csv`` and ``fold-N-calibrated.csv`` go.
        protocol: That of the whole cross-validation.
        device: Where to train.
    """

    number: int
    side: Indices
    config: TrainConfig
    folder: Path
    protocol: str
    device: Device = "auto"

    @property
    def artifact(self) -> Path:
        """Where the network goes."""
        return self.folder / f"fold-{self.number}.keras"

    @property
    def checkpoint(self) -> Checkpoint:
        """What an interrupted training leaves."""
        return Checkpoint(self.artifact)

    def rest(self, table: Table) -> Indices:
        """Gives the records that are trained on: neither test clips nor copies of them."""
        return train_indices(len(table), self.side)

    def steps(self, table: Table) -> int:
        """Counts the steps of an epoch."""
        return max(1, len(self.rest(table)) // self.config.batch_size)

    def finished(self, table: Table) -> FoldPredictions | None:
        """Reads what an earlier run has left, if it came to the end of this fold.

        Raises:
            SerError: It is of another cross-validation.
        """
        if not (self._csv().exists() and self.artifact.exists()):
            return None
        test = originals(table, self.side)
        plain = read_predictions(self._csv())
        same = plain.protocol == self.protocol
        same = same and matches_config(read_card(self.artifact), table, self.config)
        if not same or plain.path.tolist() != _clip_names(table, test):
            raise SerError(
                self._csv(),
                "is of a cross-validation with other data or options",
                "repeat those options, or start anew without --resume",
            )
        if self._told_csv().exists():
            return FoldPredictions(plain, read_predictions(self._told_csv()))
        # A version that did not calibrate has finished this fold.
        labelled = np.asarray(test, np.intp)[np.asarray(table["y"])[test] != ""]
        told = self._told_the_voice(table, labelled, plain)
        write_predictions(self._told_csv(), told)
        return FoldPredictions(plain, told)

    def train(
        self,
        table: Table,
        *,
        choose: ChooseConfig | None = None,
        resume: bool = False,
        on_step: Callable[[int], None] = lambda n: None,
        on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
    ) -> FoldPredictions:
        """Trains on the rest, to the end, and scores the test clips; its files are written.

        Args:
            table: The table that is divided.
            choose: How hyperparameters are chosen; None takes those of the configuration.
            resume: Continue an interrupted training.
            on_step: As in `ser.training.loop.train`.
            on_epoch: As in `ser.training.loop.train`.

        Raises:
            SerError: As `ser.training.loop.train`; or the rest lacks an emotion.
        """
        labels = table_labels(table)
        rest = self.rest(table)
        data = TrainingData(table, rest)
        config, more = (self.config, {}) if choose is None else choose(data, self.artifact)
        trained = train(
            data,
            config,
            checkpoint=self.checkpoint,
            resume=resume,
            device=self.device,
            on_step=on_step,
            on_epoch=on_epoch,
        )
        if trained.labels != labels:
            raise SerError(
                f"fold {self.number}",
                "has no training clip of some emotion",
                "use fewer folds, or merge rare emotions with ser-merge --map",
            )
        kind = make_architecture(config.arch, config.options)
        # Copies of test clips are left out of both sides.
        test = np.asarray(originals(table, self.side), np.intp)
        examples = Examples(table, test, labels, reads_functionals=kind.reads_functionals)
        plain = from_table(
            without_features(table, examples.indices),
            labels,
            predict(trained.model, examples),
            fold=self.number,
            protocol=self.protocol,
            seed=config.seed,
        )
        protocol = f"fold {self.number} of: {self.protocol}"
        card = make_card(table, rest, config, trained, protocol=protocol)
        write_artifact(
            self.artifact,
            trained.model,
            {**card, **more},
            trained.voice,
            eight_bits=kind.eight_bits(card["frames"]),
        )
        told = self._told_the_voice(table, examples.indices, plain)
        write_predictions(self._told_csv(), told)
        write_predictions(self._csv(), plain)
        self.checkpoint.clear()
        return FoldPredictions(plain, told)

    def _csv(self) -> Path:
        return self.folder / f"fold-{self.number}.csv"

    def _told_csv(self) -> Path:
        return self.folder / f"fold-{self.number}-{ADAPTED_CSV}"

    def _told_the_voice(self, table: Table, records: Indices, part: Predictions) -> Predictions:
        """Scores the test clips again, each speaker calibrated with all of them, unlabelled."""
        engine = open_classifier(self.artifact, "keras", self.device)
        told = predict_table(
            engine,
            table,
            records=records,
            calibrate=True,
            protocol=f"{part.protocol}, {ADAPTED_PROTOCOL}",
            seed=part.seed,
        )
        return replace(told, fold=part.fold)


def table_labels(table: Table) -> tuple[str, ...]:
    """Lists the emotions of a table in the order of networks' outputs."""
    return tuple(ordered(set(np.asarray(table["y"]).tolist()) - {""}))


def matches_config(card: Mapping[str, Any], table: Table, config: TrainConfig) -> bool:
    """Says whether a fold's network was trained with these features and options.

    Patience is not asked for, because a cross-validation has nothing to watch, and neither are
    hyperparameters that were chosen inside the fold.

    Args:
        card: The card of a fold's artifact.
        table: The table that is trained on.
        config: How to train.
    """
    config = config.with_hyperparameters(card.get("tuning", {}).get("chosen", {}))
    # Through JSON, as the card has come: tuples are lists there.
    wanted = json.loads(json.dumps(config.to_dict()))
    del wanted["patience"]
    trained = {name: card.get("training", {}).get(name) for name in wanted}
    return trained == wanted and FeatureSpec.from_dict(card["spec"]) == spec_of(table)


def _clip_names(table: Table, test: Indices) -> list[str]:
    """Names the clips of a test set as a predictions file does."""
    chosen = test[np.asarray(table["y"])[test] != ""]
    names = np.asarray(table["path"])[chosen].tolist()
    return [name.encode("utf-8", "backslashreplace").decode("utf-8") for name in names]
