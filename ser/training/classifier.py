"""Training of a classifier in one call: from a feature table to an artifact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ser.dataset.table import Table, read_table, spec_of
from ser.models.artifact import write_artifact
from ser.models.backend import Device
from ser.models.base import Architecture
from ser.models.cnn import CNN
from ser.models.conformal import COVERAGE
from ser.models.encoders import network_of
from ser.models.prosody_cnn import ProsodyCNN
from ser.models.registry import make_architecture
from ser.training.card import make_card
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, train
from ser.training.report import ReportedFigures, validation_figures
from ser.training.spec_augment import NO_AUGMENTATION, SpectrogramAugmentation
from ser.training.validation import ValidationSplit, split_validation


@dataclass(frozen=True, slots=True, eq=False)
class TrainedClassifier:
    """A trained network with its card.

    Attributes:
        network: The network, and figures of its training.
        card: The contents of ``ser.json``; see `ser.training.card.make_card`.
        eight_bits: Whether LiteRT's copy of the weights is quantized.
        notes: What the user should know about the division into training and validation clips.
        warnings: Reasons why the validation figures are too good.
        encoder: The network of the pretrained encoder that the features come from, if they do.
    """

    network: TrainedNetwork
    card: Mapping[str, Any]
    eight_bits: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())
    encoder: bytes | None = None

    def save(self, path: str | Path) -> bool:
        """Writes the artifact.

        Args:
            path: The ``.keras`` file.

        Returns:
            Whether the network could be converted for LiteRT. If not, it runs on Keras only.

        Raises:
            ArtifactError: The file cannot be written.
        """
        return write_artifact(
            path,
            self.network.model,
            self.card,
            self.network.voice,
            eight_bits=self.eight_bits,
            encoder=self.encoder,
            speaker_model=self.network.speaker_model,
        )


def train_classifier(
    table: Table | str | Path,
    arch: str | None = None,
    *,
    options: Mapping[str, Any] = MappingProxyType({}),
    validation: float | str | Path | Table = 0.15,
    augment: bool | SpectrogramAugmentation = True,
    device: Device = "auto",
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
    **config: Any,
) -> TrainedClassifier:
    """Trains an emotion classifier on a feature table.

    Args:
        table: The table, or its path. Records without an emotion are left out.
        arch: Name of the architecture (`ser.models.registry`); by default `default_architecture`.
        options: Hyperparameters of the architecture by name, such as ``{"dropout": 0.2}``.
        validation: The share of the speakers that training is validated and stopped by; 0 for
            none; or a separate table or its path.
        augment: Whether the features are augmented during training, or how.
        device: The device to train on: ``auto``, ``cpu`` or ``gpu``.
        on_step: Called with the number of steps since the last call.
        on_epoch: Called with the figures of each epoch.
        **config: Other fields of `ser.training.config.TrainConfig`, such as ``epochs``, ``lr`` or
            ``seed``. What is not given has the default that suits the architecture.

    Returns:
        The classifier; `TrainedClassifier.save` writes it.

    Raises:
        SerError: The table cannot be read or does not suit the architecture, or a value is out of
            its range.
        TypeError: `TrainConfig` has no such field.
    """
    records = read_table(table) if isinstance(table, str | Path) else table
    name = str(table) if isinstance(table, str | Path) else "table"
    architecture = make_architecture(arch or default_architecture(records), options)
    complete = config_for(architecture, options, augment=augment, **config)
    split = split_validation(records, validation, complete.seed, name=name)
    return train_split(split, complete, device=device, on_step=on_step, on_epoch=on_epoch)


def train_split(
    split: ValidationSplit,
    config: TrainConfig,
    *,
    figures: ReportedFigures | None = None,
    card_entries: Mapping[str, Any] = MappingProxyType({}),
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    device: Device = "auto",
    tensorboard: Path | None = None,
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
) -> TrainedClassifier:
    """Trains a classifier on a table that is divided, and makes its card.

    Args:
        split: Training and validation records.
        config: The configuration of the training.
        figures: Figures of a cross-validation for the card; by default those of the validation
            clips.
        card_entries: Further entries for the card.
        checkpoint: As in `ser.training.loop.train`, as are the arguments after it.
        resume: Continue from the checkpoint, if it exists.
        device: The device to train on.
        tensorboard: A folder for TensorBoard's event files.
        on_step: Called with the number of steps since the last call.
        on_epoch: Called with the figures of each epoch.

    Raises:
        SerError: As `ser.training.loop.train`.
    """
    data = split.data
    # Before hours of training: without it the model would be of no use.
    encoder = network_of(spec_of(data.table))
    trained = train(
        data,
        config,
        checkpoint=checkpoint,
        resume=resume,
        device=device,
        tensorboard=tensorboard,
        on_step=on_step,
        on_epoch=on_epoch,
    )
    figures = figures or validation_figures(data, trained)
    card = make_card(
        data.table,
        data.train,
        config,
        trained,
        protocol=figures.protocol or f"{split.protocol}, seed {config.seed}",
        metrics=figures.metrics,
        temperature=figures.temperature,
    )
    if figures.coverage is not None:
        card = {**card, COVERAGE: figures.coverage}
    architecture = make_architecture(config.arch, config.options)
    return TrainedClassifier(
        trained,
        {**card, **card_entries},
        architecture.eight_bits(card["frames"]),
        split.notes,
        split.warnings,
        encoder,
    )


def config_for(
    architecture: Architecture,
    options: Mapping[str, Any],
    *,
    augment: bool | SpectrogramAugmentation = True,
    **given: Any,
) -> TrainConfig:
    """Makes the configuration of a training.

    Args:
        architecture: The architecture with its hyperparameters.
        options: The hyperparameters that were given; only their names are used.
        augment: Whether the features are augmented, or how.
        **given: Fields of `TrainConfig`. What is not given has the default that suits the
            architecture.

    Raises:
        SerError: A value is out of its range.
    """
    values = architecture.hyperparameters()
    if isinstance(augment, bool):
        augment = SpectrogramAugmentation() if augment else NO_AUGMENTATION
    fields = {**architecture.defaults, **given}
    return replace(
        TrainConfig(),
        **fields,
        arch=architecture.name,
        options={name: value for name, value in values.items() if name in options},
        augment=augment,
    )


def default_architecture(table: Table) -> str:
    """Names the architecture that suits a table: ``prosody-cnn`` if it holds functionals."""
    return ProsodyCNN.name if "functionals" in (table.dtype.names or ()) else CNN.name
