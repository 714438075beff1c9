"""Fine-tuning with a learning rate for each block: the nearer to the input, the smaller."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, cast

from ser.arrays import Array, Inputs
from ser.training.finetune import FineTuningTrainer
from ser.training.trainer import EpochFigures


class LayerwiseArchitecture(Protocol):
    """What is asked of an architecture beside `ser.training.finetune.PretrainedArchitecture`."""

    def rate_factors(self) -> Mapping[str, float]:
        """Gives the learning rates of layers by name, as ratios of that of all others."""
        ...


class LayerwiseTrainer(FineTuningTrainer):
    """Trains as `FineTuningTrainer`, with learning rates that decay towards the input.

    A step of AdamW is proportional to its learning rate, weight decay included, and its moments do
    not depend on it. So the step of a layer is made with the common rate, and only its share is
    kept: that is the same as a rate of its own, works under every backend, and needs no optimizer
    that a checkpoint could not be loaded without.

    Source: Howard and Ruder, "Universal language model fine-tuning for text classification", ACL
    2018 (discriminative fine-tuning).
    """

    def step(self, x: Inputs, y: Array, weight: Array) -> EpochFigures:
        """Trains one batch; see `Trainer.step`."""
        ops = self.keras.ops
        before = [
            (variable, factor, ops.stop_gradient(ops.copy(variable)))
            for variable, factor in self._scaled_variables()
        ]
        figures = super().step(x, y, weight)
        for variable, factor, old in before:
            variable.assign(ops.stop_gradient(old + factor * (variable - old)))
        return figures

    def _scaled_variables(self) -> list[tuple[Any, float]]:
        """Lists the variables that are trained at another rate, with the ratios."""
        factors = cast(LayerwiseArchitecture, self.architecture).rate_factors()
        return [
            (variable, factors[layer.name])
            for layer in self.model.layers
            if layer.name in factors
            for variable in layer.trainable_variables
        ]
