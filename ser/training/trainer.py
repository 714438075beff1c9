"""How one epoch is trained: the contract, and the way that nearly every network goes.

A trainer holds the network and whatever it is trained with. `ser.training.fit.train` calls it once
per epoch and does all the rest: order, checkpoints, validation, stopping.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ser.arrays import Array
from ser.dataset.table import Table
from ser.errors import SerError
from ser.features.layout import functional_count
from ser.models.backend import quiet_stderr
from ser.models.base import Architecture, Problem
from ser.training.batches import Batch, Examples, Inputs, steps_per_epoch
from ser.training.config import TrainConfig
from ser.training.tracing import build_training_state

EpochFigures = dict[str, float]
"""Figures of an epoch, by name: ``loss`` and ``accuracy`` at least."""


class DivergedError(SerError):
    """A training has come to a loss that is no number."""


class Trainer:
    """Trains by gradients: AdamW, cosine schedule, cross-entropy with label smoothing.

    Args:
        keras: The module.
        architecture: What is trained.
        examples: The training examples.
        config: How.

    Attributes:
        model: The classifier: it is watched, written to the checkpoint and to the artifact.
        searched: The fields of `TrainConfig` that change how it trains and that a search for
            hyperparameters may set.
        generates: Whether it learns to make clips as well.
    """

    searched: ClassVar[tuple[str, ...]] = ("lr", "weight_decay", "label_smoothing", "augment")
    generates: ClassVar[bool] = False

    def __init__(
        self, keras: Any, architecture: Architecture, examples: Examples, config: TrainConfig
    ) -> None:
        self.keras = keras
        self.architecture = architecture
        self.examples = examples
        self.config = config
        self.steps = steps_per_epoch(examples, config)
        self.model: Any = None

    def build(self) -> None:
        """Makes what is trained from nothing; called once, unless a checkpoint is continued."""
        self.model = self.architecture.build(self.keras, self.problem)
        self.compile(self.model, self.config.lr, self.config.epochs)

    @cached_property
    def problem(self) -> Problem:
        """What the network takes in and tells apart; found out in a pass over the examples."""
        return describe_problem(self.examples)

    def loss(self) -> Any:
        """Gives the loss of one answer: cross-entropy with label smoothing."""
        return self.keras.losses.CategoricalCrossentropy(
            label_smoothing=self.config.label_smoothing
        )

    def companions(self) -> dict[str, Any]:
        """Gives the networks that the checkpoint has to keep beside the classifier, by name."""
        return {}

    def restore(self, model: Any, companions: dict[str, Any]) -> None:
        """Takes over what a checkpoint kept, instead of `build`."""
        self.model = model
        build_training_state(self.keras, model)

    def generate(self) -> Table | None:
        """Makes records with emotions, as many as there are training clips; None if it cannot."""
        return None

    def may_stop(self, epoch: int) -> bool:
        """Says whether early stopping may end the training after so many epochs."""
        return True

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Trains one epoch.

        Args:
            number: Epochs finished before it.
            stream: Batches without end.
            on_step: To be called with the number of steps done since the last call.

        Returns:
            The means of loss and accuracy over its batches.

        Raises:
            DivergedError: The loss is no number any more.
        """
        seed_dropout(self.model, self.config.seed, number)
        total: EpochFigures = {}
        for _ in range(self.steps):
            figures = self.step(*next(stream))
            for name, value in figures.items():
                total[name] = total.get(name, 0.0) + value
            check_finite(figures["loss"])
            on_step(1)
        return {name: value / self.steps for name, value in total.items()}

    def step(self, x: Inputs, y: Array, weight: Array) -> EpochFigures:
        """Trains one batch, and gives its figures."""
        # Keras forgets the last batch by itself here, but not in every version and backend.
        self.model.reset_metrics()
        figures = self.model.train_on_batch(x, y, sample_weight=weight, return_dict=True)
        return {name: float(value) for name, value in figures.items()}

    def compile(
        self,
        model: Any,
        lr: float,
        epochs: int,
        *,
        loss: Any = None,
        metrics: Any = None,
        loss_weights: Any = None,
    ) -> None:
        """Gives a network its optimiser and loss.

        Args:
            model: The network.
            lr: Peak learning rate.
            epochs: How long the cosine lasts.
            loss: Another loss than cross-entropy.
            metrics: Other metrics than accuracy.
            loss_weights: How much each of several losses counts.
        """
        keras, config = self.keras, self.config
        with quiet_stderr():
            model.compile(
                optimizer=keras.optimizers.AdamW(
                    keras.optimizers.schedules.CosineDecay(lr, max(1, epochs) * self.steps),
                    weight_decay=config.weight_decay,
                    clipnorm=1.0,
                ),
                loss=loss or self.loss(),
                metrics=metrics or ["accuracy"],
                loss_weights=loss_weights,
                # On a CPU, XLA is slower here than TensorFlow's own kernels; on a GPU it is faster.
                jit_compile="auto",
            )
        build_training_state(keras, model)


def describe_problem(examples: Examples) -> Problem:
    """Describes what a network for these examples takes in and tells apart."""
    mean = variance = None
    if examples.spec.normalise == "none" or examples.spec.pool != "none":
        mean, variance = examples.statistics()
    frames, coefficients = examples.table["x"].shape[1:]
    problem = Problem(frames, coefficients, len(examples.labels), mean, variance)
    if not examples.reads_functionals or not functional_count(examples.spec):
        return problem
    functionals = examples.functionals[examples.main]
    return replace(
        problem,
        functionals=functionals.shape[1],
        functional_mean=functionals.mean(axis=0),
        functional_variance=np.maximum(functionals.var(axis=0), 1e-8),
    )


def seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Makes what dropout draws depend on seed and epoch alone; Keras does not save its state."""
    random = np.random.default_rng((seed, epoch, 1))
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) not in weights and variable.path.endswith("seed_generator_state"):
            state = random.integers(0, 2**31, tuple(variable.shape))
            variable.assign(state.astype(variable.dtype))


def check_finite(loss: float) -> None:
    """Stops a training that has come apart.

    Raises:
        DivergedError: The loss is infinite or no number.
    """
    if not math.isfinite(loss):
        raise DivergedError(
            "training",
            "has come to a loss that is not a number",
            "lower --lr, or look with ser-stats for features that are not finite",
        )
