"""Training in two phases: the head of a pretrained network alone, then its last blocks as well."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from ser.models.base import Architecture
from ser.models.transfer import TransferArchitecture
from ser.training.batches import Batch, Examples
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures, Trainer


class FineTuningTrainer(Trainer):
    """Trains as `Transfer` says: head first, then fine-tuning.

    Each phase has its own optimiser and its own cosine: the first begins at the configuration's
    rate, the second at `Transfer.base_rate` of it. Which phase an epoch belongs to depends on its
    number alone, and a checkpoint keeps what is frozen, so that a killed training continues on
    either side of the border. Without pretrained weights there is the second phase only, and
    everything is trained in it.

    Attributes:
        border: Epochs of the first phase.
    """

    def __init__(
        self, keras: Any, architecture: Architecture, examples: Examples, config: TrainConfig
    ) -> None:
        super().__init__(keras, architecture, examples, config)
        self.transfer = cast(TransferArchitecture, architecture)
        self.border = self.transfer.head_epochs(config.epochs)

    def build(self) -> None:
        """Makes the network and begins with its first phase; see `Trainer.build`."""
        self.model = self.architecture.build(self.keras, self.problem)
        if self.border:
            self.compile(self.model, self.config.lr, self.border)
        else:
            self._fine_tune()

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Trains one epoch of the phase that it belongs to; see `Trainer.epoch`."""
        if number and number == self.border:
            self._fine_tune()
        return super().epoch(number, stream, on_step)

    def may_stop(self, epoch: int) -> bool:
        """Lets the second phase have its chance, however long the first one has stood still."""
        return self.border == self.config.epochs or (epoch - self.border >= self.config.patience)

    def _fine_tune(self) -> None:
        self.transfer.unfreeze(self.model)
        self.compile(
            self.model,
            self.config.lr * self.transfer.base_rate,
            self.config.epochs - self.border,
        )
