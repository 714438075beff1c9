"""One fold of a cross-validation: its training, its predictions, and its files."""

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
from ser.models.backend import Device, load_keras
from ser.models.encoders import network_of
from ser.models.registry import make_architecture
from ser.training.batches import Examples
from ser.training.card import make_card
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainingData, predict, train
from ser.wording import with_singulars

ADAPTED_CSV = "calibrated.csv"
"""End of the names of the files with predictions after adaptation to the speakers. The name is that
of earlier versions, which called the adaptation a calibration."""

ADAPTED_PROTOCOL = "adapted to each test speaker with the unlabeled test clips"
"""What is added to a protocol for predictions after adaptation to the speakers."""

ChooseConfig = Callable[[TrainingData, Path], tuple[TrainConfig, dict[str, Any]]]
"""Chooses the configuration of a fold, and gives further entries for its card. The arguments are
the training records, which alone it may use, and the artifact that will be written."""


@dataclass(frozen=True, slots=True)
class FoldPredictions:
    """The predictions of a fold's network for its test clips.

    Attributes:
        plain: Without any adaptation.
        adapted: After adaptation to each speaker with the unlabeled test clips.
    """

    plain: Predictions
    adapted: Predictions


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One fold of a cross-validation.

    Attributes:
        number: Counted from 1.
        test_records: Record numbers of its test set, including augmented copies.
        config: The configuration of the training.
        folder: The folder of ``fold-N.keras``, ``fold-N.csv`` and ``fold-N-calibrated.csv``.
        protocol: The protocol of the cross-validation.
        device: The device to train on.
    """

    number: int
    test_records: Indices
    config: TrainConfig
    folder: Path
    protocol: str
    device: Device = "auto"

    @property
    def artifact(self) -> Path:
        """The artifact."""
        return self.folder / f"fold-{self.number}.keras"

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint of an interrupted training."""
        return Checkpoint(self.artifact)

    def training_records(self, table: Table) -> Indices:
        """Lists the training records: neither test clips nor copies of them."""
        return train_indices(len(table), self.test_records)

    def steps_per_epoch(self, table: Table) -> int:
        """Counts the steps of an epoch."""
        return max(1, len(self.training_records(table)) // self.config.batch_size)

    def load_finished(self, table: Table) -> FoldPredictions | None:
        """Reads the predictions of an earlier run.

        Returns:
            The predictions; None if that run did not finish this fold.

        Raises:
            SerError: They are of another cross-validation.
        """
        if not (self._csv().exists() and self.artifact.exists()):
            return None
        test = originals(table, self.test_records)
        plain = read_predictions(self._csv())
        same = (
            with_singulars(plain.protocol) == self.protocol
            and matches_config(read_card(self.artifact), table, self.config)
            and plain.path.tolist() == _clip_names(table, test)
        )
        if not same:
            raise SerError(
                self._csv(),
                "is of a cross-validation with other data or options",
                "repeat those options, or start anew without --resume",
            )
        plain = replace(plain, protocol=self.protocol)
        # It may have been killed just before this.
        self.checkpoint.clear()
        if self._adapted_csv().exists():
            adapted = read_predictions(self._adapted_csv())
            adapted = replace(adapted, protocol=with_singulars(adapted.protocol))
            return FoldPredictions(plain, adapted)
        # The fold was finished by a version without adaptation.
        labeled = np.asarray(test, np.intp)[np.asarray(table["y"])[test] != ""]
        adapted = self._predict_adapted(table, labeled, plain)
        write_predictions(self._adapted_csv(), adapted)
        return FoldPredictions(plain, adapted)

    def train(
        self,
        table: Table,
        *,
        choose: ChooseConfig | None = None,
        resume: bool = False,
        on_step: Callable[[int], None] = lambda n: None,
        on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
    ) -> FoldPredictions:
        """Trains on the training records to the last epoch, and predicts the test clips.

        The artifact and both files of predictions are written.

        Args:
            table: The table of all folds.
            choose: Chooses hyperparameters; None uses those of the configuration.
            resume: Continue an interrupted training.
            on_step: As in `ser.training.loop.train`.
            on_epoch: As in `ser.training.loop.train`.

        Raises:
            SerError: As `ser.training.loop.train`; or the training records lack an emotion.
        """
        labels = table_labels(table)
        records = self.training_records(table)
        encoder = network_of(spec_of(table))
        data = TrainingData(table, records)
        config, card_entries = (self.config, {}) if choose is None else choose(data, self.artifact)
        # Layers without a name of their own are numbered through a process: a fold that is trained
        # alone, as after an interruption, is to be the same file as one behind other folds.
        load_keras(self.device).utils.clear_session(free_memory=False)
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
        arch = make_architecture(config.arch, config.options)
        # Copies of test clips are neither trained on nor tested.
        test = np.asarray(originals(table, self.test_records), np.intp)
        examples = Examples(table, test, labels, reads_functionals=arch.reads_functionals)
        plain = from_table(
            without_features(table, examples.indices),
            labels,
            predict(trained.model, examples),
            fold=self.number,
            protocol=self.protocol,
            seed=config.seed,
        )
        protocol = f"fold {self.number} of: {self.protocol}"
        card = make_card(table, records, config, trained, protocol=protocol)
        write_artifact(
            self.artifact,
            trained.model,
            {**card, **card_entries},
            trained.voice,
            eight_bits=arch.eight_bits(card["frames"]),
            encoder=encoder,
            speaker_model=trained.speaker_model,
        )
        adapted = self._predict_adapted(table, examples.indices, plain)
        write_predictions(self._adapted_csv(), adapted)
        write_predictions(self._csv(), plain)
        self.checkpoint.clear()
        # Rounded as in the files: a run that finds this fold finished has the same report.
        return FoldPredictions(read_predictions(self._csv()), read_predictions(self._adapted_csv()))

    def _csv(self) -> Path:
        return self.folder / f"fold-{self.number}.csv"

    def _adapted_csv(self) -> Path:
        return self.folder / f"fold-{self.number}-{ADAPTED_CSV}"

    def _predict_adapted(self, table: Table, records: Indices, plain: Predictions) -> Predictions:
        """Predicts the test clips after adaptation to each speaker with all of them, unlabeled."""
        classifier = open_classifier(self.artifact, "keras", self.device)
        adapted = predict_table(
            classifier,
            table,
            records=records,
            adapt=True,
            protocol=f"{plain.protocol}, {ADAPTED_PROTOCOL}",
            seed=plain.seed,
        )
        return replace(adapted, fold=plain.fold)


def table_labels(table: Table) -> tuple[str, ...]:
    """Lists the emotions of a table in the order of a network's outputs."""
    return tuple(ordered(set(np.asarray(table["y"]).tolist()) - {""}))


def matches_config(card: Mapping[str, Any], table: Table, config: TrainConfig) -> bool:
    """Says whether a fold's network was trained with these features and options.

    Patience is not compared, because the folds have no validation clips, and neither are
    hyperparameters that were chosen inside the fold.

    Args:
        card: The card of a fold's artifact.
        table: The training table.
        config: The configuration of the training.
    """
    config = config.with_hyperparameters(card.get("tuning", {}).get("chosen", {}))
    # Converted through JSON as the card was: tuples become lists.
    wanted = json.loads(json.dumps(config.to_dict()))
    del wanted["patience"]
    trained = {name: card.get("training", {}).get(name) for name in wanted}
    return trained == wanted and FeatureSpec.from_dict(card["spec"]) == spec_of(table)


def _clip_names(table: Table, test: Indices) -> list[str]:
    """Lists the paths of the labeled clips of a test set, as a predictions file has them."""
    chosen = test[np.asarray(table["y"])[test] != ""]
    names = np.asarray(table["path"])[chosen].tolist()
    return [name.encode("utf-8", "backslashreplace").decode("utf-8") for name in names]
