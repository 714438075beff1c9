"""Fine-tuning in two phases: the head of a pretrained network, then also its last blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, cast

from ser.models.base import Architecture
from ser.training.batches import Batch, Examples
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures, Trainer


class PretrainedArchitecture(Protocol):
    """What is asked of an architecture that begins with a pretrained network."""

    @property
    def base_rate(self) -> float:
        """Learning rate of the second phase, as a ratio of the configured one."""
        ...

    def head_epochs(self, epochs: int) -> int:
        """Counts the epochs that train the head alone."""
        ...

    def unfreeze_blocks(self, model: Any) -> None:
        """Makes the last blocks of the pretrained network trainable."""
        ...


class FineTuningTrainer(Trainer):
    """Trains the head of a `PretrainedArchitecture` first, then its last blocks as well.

    Each phase has its own optimizer and cosine schedule: the first begins at the configured
    learning rate, the second at `base_rate` times that. The phase depends on the number of the
    epoch alone, and a checkpoint keeps which layers are frozen, so that an interrupted training can
    be resumed in either phase. Without pretrained weights there is the second phase only, and all
    layers are trained.

    Attributes:
        head_epochs: Epochs of the first phase.
    """

    def __init__(
        self, keras: Any, architecture: Architecture, examples: Examples, config: TrainConfig
    ) -> None:
        super().__init__(keras, architecture, examples, config)
        self.pretrained = cast(PretrainedArchitecture, architecture)
        self.head_epochs = self.pretrained.head_epochs(config.epochs)

    def build(self) -> None:
        """Builds the network and compiles it for its first phase; see `Trainer.build`."""
        self.model = self.architecture.build(self.keras, self.problem)
        if self.head_epochs:
            self.compile(self.model, self.config.lr, self.head_epochs)
        else:
            self._fine_tune()

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Trains one epoch; see `Trainer.epoch`."""
        if number and number == self.head_epochs:
            self._fine_tune()
        return super().epoch(number, stream, on_step)

    def may_stop(self, epoch: int) -> bool:
        """Allows early stopping only after `patience` epochs of the second phase."""
        return self.head_epochs == self.config.epochs or (
            epoch - self.head_epochs >= self.config.patience
        )

    def _fine_tune(self) -> None:
        self.pretrained.unfreeze_blocks(self.model)
        self.compile(
            self.model,
            self.config.lr * self.pretrained.base_rate,
            self.config.epochs - self.head_epochs,
        )
