"""Trains an ensemble of generators, whose mean output is used.

What a network learns from few speakers depends on its initialization and on the order of the pairs;
the mean of several generalizes better to new voices (Hansen and Salamon, "Neural network
ensembles", IEEE PAMI 1990).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ser.conversion.training.base import ConversionTrainer, PairExamples
from ser.models.base import Architecture
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures

# Distance between the seeds of members, so that ensembles with neighboring seeds share none.
_SEED_STEP = 7919


class EnsembleTrainer(ConversionTrainer):
    """Trains the members of an ensemble independently; see `ConversionTrainer`.

    Args:
        kind: The trainer of a member.
        count: Number of members.
        keras: As in `ConversionTrainer`.
        architecture: Likewise.
        examples: Likewise.
        config: Likewise; its seed is that of the first member.

    Attributes:
        members: The trainer of each member.
    """

    def __init__(
        self,
        kind: type[ConversionTrainer],
        count: int,
        keras: Any,
        architecture: Architecture,
        examples: PairExamples,
        config: TrainConfig,
    ) -> None:
        super().__init__(keras, architecture, examples, config)
        self.members = [
            kind(
                keras,
                architecture,
                examples,
                replace(config, seed=config.seed + _SEED_STEP * number),
            )
            for number in range(count)
        ]

    def build(self) -> None:
        """Builds all members; see `ConversionTrainer.build`."""
        for member in self.members:
            self.keras.utils.set_random_seed(member.config.seed)
            member.build()
        self.model = self._average()

    def training_networks(self) -> dict[str, Any]:
        """Gives the networks of all members; see `ConversionTrainer.training_networks`."""
        return {
            f"{name}_{number}": network
            for number, member in enumerate(self.members)
            for name, network in member.training_networks().items()
        }

    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Takes over the networks of a checkpoint; see `ConversionTrainer.restore`."""
        for number, member in enumerate(self.members):
            suffix = f"_{number}"
            own = {
                name.removesuffix(suffix): network
                for name, network in networks.items()
                if name.endswith(suffix)
            }
            member.restore(model, own)
        self.model = self._average()

    def epoch(self, number: int, on_step: Callable[[int], None]) -> EpochFigures:
        """Trains one epoch of each member; see `ConversionTrainer.epoch`.

        Returns:
            The means of their loss terms.
        """
        count, done = len(self.members), 0

        def step(steps: int) -> None:
            nonlocal done
            before, done = done, done + steps
            on_step(done // count - before // count)

        rows = [member.epoch(number, step) for member in self.members]
        return {name: sum(row[name] for row in rows) / count for name in rows[0]}

    def _average(self) -> Any:
        """Builds one network of the members' generators, whose output is their mean."""
        keras, first = self.keras, self.members[0].model
        inputs = [keras.Input(each.shape[1:], name=each.name) for each in first.inputs]
        outputs = [
            # Keras wants unique names.
            keras.Model(member.model.inputs, member.model.output, name=f"voter_{number}")(inputs)
            for number, member in enumerate(self.members, 1)
        ]
        return keras.Model(inputs, keras.layers.Average(name="mean")(outputs), name=first.name)
