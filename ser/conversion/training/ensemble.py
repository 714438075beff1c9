"""Trains several translators beside each other, to take the mean of what they say.

What a network learns of eighteen actors, and what of them is chance, depends on the numbers that it
begins with and on the order of the pairs; what several agree on is more often right for a voice
that none has heard (Hansen and Salamon, "Neural network ensembles", IEEE PAMI 1990).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ser.conversion.training.base import PairExamples, TranslationTrainer
from ser.models.base import Architecture
from ser.training.config import TrainConfig
from ser.training.trainer import Row

# From one member's seed to the next: trainings with seeds beside each other have none in common.
_SEEDS = 7919


class Several(TranslationTrainer):
    """Trains members that know nothing of each other; see `TranslationTrainer`.

    Args:
        kind: What trains one of them.
        count: How many.
        keras: As in `TranslationTrainer`.
        architecture: Likewise.
        examples: Likewise.
        config: Likewise; its seed is the first member's.

    Attributes:
        members: What trains each.
    """

    def __init__(
        self,
        kind: type[TranslationTrainer],
        count: int,
        keras: Any,
        architecture: Architecture,
        examples: PairExamples,
        config: TrainConfig,
    ) -> None:
        super().__init__(keras, architecture, examples, config)
        self.members = [
            kind(keras, architecture, examples, replace(config, seed=config.seed + _SEEDS * number))
            for number in range(count)
        ]

    def build(self) -> None:
        """Makes all of them; see `TranslationTrainer.build`."""
        for member in self.members:
            self.keras.utils.set_random_seed(member.config.seed)
            member.build()
        self.model = self._mean()

    def companions(self) -> dict[str, Any]:
        """Gives those of all members; see `TranslationTrainer.companions`."""
        return {
            f"{name}_{number}": network
            for number, member in enumerate(self.members)
            for name, network in member.companions().items()
        }

    def restore(self, model: Any, companions: dict[str, Any]) -> None:
        """Takes over what a checkpoint kept; see `TranslationTrainer.restore`."""
        for number, member in enumerate(self.members):
            end = f"_{number}"
            own = {
                name.removesuffix(end): network
                for name, network in companions.items()
                if name.endswith(end)
            }
            member.restore(model, own)
        self.model = self._mean()

    def epoch(self, number: int, on_step: Callable[[int], None]) -> Row:
        """Trains an epoch of each; see `TranslationTrainer.epoch`.

        Returns:
            The means of their figures.
        """
        count, done = len(self.members), 0

        def step(steps: int) -> None:
            nonlocal done
            before, done = done, done + steps
            on_step(done // count - before // count)

        rows = [member.epoch(number, step) for member in self.members]
        return {name: sum(row[name] for row in rows) / count for name in rows[0]}

    def _mean(self) -> Any:
        """Joins the members to one network, which has their weights and no others."""
        keras, first = self.keras, self.members[0].model
        inputs = [keras.Input(each.shape[1:], name=each.name) for each in first.inputs]
        said = [
            # Networks in a network need names of their own.
            keras.Model(member.model.inputs, member.model.output, name=f"voter_{number}")(inputs)
            for number, member in enumerate(self.members, 1)
        ]
        return keras.Model(inputs, keras.layers.Average(name="mean")(said), name=first.name)
