"""The interface of trainers, and the trainer of most networks.

A trainer holds a network and its optimizer, and trains one epoch at a time. The loop over epochs,
with checkpoints, validation and early stopping, is `ser.training.loop.train`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from ser.arrays import Array, Inputs
from ser.dataset.table import Table
from ser.errors import SerError
from ser.features.layout import functional_count, functional_groups
from ser.models.backend import quiet_stderr
from ser.models.base import Architecture, Problem
from ser.models.speaker_model import SpeakerModel
from ser.training.batches import Batch, Examples, steps_per_epoch
from ser.training.config import TrainConfig
from ser.training.tracing import build_training_state

EpochFigures = dict[str, float]
"""The figures of an epoch by name; ``loss`` and ``accuracy`` at least."""


class DivergedError(SerError):
    """The loss of a training is not finite any more."""


class Trainer:
    """Trains with AdamW, a cosine schedule, and cross-entropy with label smoothing.

    Args:
        keras: The module.
        architecture: The architecture to train.
        examples: The training examples.
        config: The hyperparameters of the training.

    Attributes:
        model: The classifier, which is validated, and written to checkpoints and to the artifact.
        speaker_model: The model of how voices sound beside the network, where there is one.
        searched: The fields of `TrainConfig` that have an effect on this trainer, and that a search
            for hyperparameters may therefore set.
        generates: Whether it also trains a generator of clips.
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
        self.speaker_model: SpeakerModel | None = None

    def build(self) -> None:
        """Builds and compiles the networks; called once, unless a checkpoint is resumed."""
        self.model = self.architecture.build(self.keras, self.problem)
        self.compile(self.model, self.config.lr, self.config.epochs)

    @cached_property
    def problem(self) -> Problem:
        """Sizes and statistics of the examples, computed in a pass over them."""
        return describe_problem(self.examples)

    def loss(self) -> Any:
        """Makes the loss of one output: cross-entropy with label smoothing."""
        return self.keras.losses.CategoricalCrossentropy(
            label_smoothing=self.config.label_smoothing
        )

    def training_networks(self) -> dict[str, Any]:
        """Gives the networks that a checkpoint has to hold beside the classifier, by name."""
        return {}

    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Continues with the networks of a checkpoint; called instead of `build`.

        Args:
            model: The classifier.
            networks: The networks that `training_networks` gave.
        """
        self.model = model
        build_training_state(self.keras, model)

    def generate(self) -> Table | None:
        """Generates as many records as there are training clips; None without a generator."""
        return None

    def may_stop(self, epoch: int) -> bool:
        """Says whether early stopping may end the training.

        Args:
            epoch: Epochs finished.
        """
        return True

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Trains one epoch.

        Args:
            number: Epochs finished before it.
            stream: An endless iterator of batches.
            on_step: Called with the number of steps since the last call.

        Returns:
            The means of loss and accuracy over the batches.

        Raises:
            DivergedError: The loss is not finite.
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
        """Trains one batch.

        Args:
            x: Inputs.
            y: One-hot targets, shape (batch, classes).
            weight: Sample weights, shape (batch,).

        Returns:
            Its loss and metrics.
        """
        # Keras resets its metrics here, but not in every version and backend.
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
        """Compiles a network.

        Args:
            model: The network.
            lr: Peak learning rate.
            epochs: Length of the cosine schedule.
            loss: A loss other than cross-entropy.
            metrics: Metrics other than accuracy.
            loss_weights: The weights of several losses.
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
                # "auto" uses XLA on a GPU. On a CPU it is slower than TensorFlow's own kernels.
                jit_compile="auto",
            )
        build_training_state(keras, model)


def describe_problem(examples: Examples) -> Problem:
    """Computes the sizes and statistics of examples; see `ser.models.base.Problem`."""
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
        functional_groups=functional_groups(examples.spec),
        functional_mean=functionals.mean(axis=0),
        functional_variance=np.maximum(functionals.var(axis=0), 1e-8),
    )


def seed_dropout(model: Any, seed: int, epoch: int) -> None:
    """Sets the random state of dropout layers, which Keras does not save.

    Args:
        model: The network.
        seed: The seed of the training.
        epoch: Epochs finished. A resumed training gets the same dropout as an uninterrupted one.
    """
    random = np.random.default_rng((seed, epoch, 1))
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) not in weights and variable.path.endswith("seed_generator_state"):
            state = random.integers(0, 2**31, tuple(variable.shape))
            variable.assign(state.astype(variable.dtype))


def check_finite(loss: float) -> None:
    """Checks a loss.

    Raises:
        DivergedError: It is infinite or not a number.
    """
    if not math.isfinite(loss):
        raise DivergedError(
            "training",
            "has come to a loss that is not a number",
            "lower --lr, or look with ser-stats for features that are not finite",
        )
