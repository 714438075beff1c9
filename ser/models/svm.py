"""The support vector machine: a fitted one as a network of Keras's own layers."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.arrays import Array
from ser.models.base import Architecture, Problem, option

SUPPORT, DECISIONS = "support", "decisions"
"""The layers that compare with the support vectors, and that give scikit-learn's decision values,
before they become probabilities."""


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """What fitting finds; nothing but numbers, so that no pickle is needed to keep it.

    Attributes:
        mean: Of each pooled feature over the training clips, shape (features,).
        deviation: Likewise, 1 for a feature that never changes.
        weights: Shape (features, classes) for a linear kernel; otherwise the dual coefficients,
            shape (vectors, classes).
        intercepts: Shape (classes,).
        support: The support vectors, standardised, shape (vectors, features); None for a linear
            kernel, which needs them no longer.
        gamma: Of exp(-gamma |x - s|^2).
        scale: What decision values are multiplied by before the softmax.
    """

    mean: Array
    deviation: Array
    weights: Array
    intercepts: Array
    support: Array | None = None
    gamma: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class SVM(Architecture):
    """One support vector machine per emotion against all others (Cortes and Vapnik, 1995).

    A clip is one vector: the frame of a pooled table, or else mean and standard deviation of each
    coefficient over the frames that are not padding. Vectors are standardised by the training
    clips. `ser.training.svm` does the fitting with scikit-learn, and says how decision values
    become probabilities; here a fitted machine is written as layers, so that it runs, converts and
    is stored as every other network.
    """

    name = "svm"
    summary = "support vector machines on pooled features, by scikit-learn"
    trainer = "closed"
    defaults = MappingProxyType({"epochs": 1, "patience": 0})

    kernel: str = option("rbf", "what clips are compared by", choices=("rbf", "linear"))
    C: float = option(
        3.0, "how much a training clip on the wrong side costs", low=1e-3, high=100.0, log=True
    )
    gamma: float = option(
        1.0,
        "sharpness of the rbf kernel; 1 is scikit-learn's gamma='scale'",
        low=0.05,
        high=5.0,
        log=True,
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network of a machine that has seen nothing, with one support vector.

        See `Architecture.build`. How many support vectors there will be is known after fitting,
        which builds the network anew with `network`.
        """
        size = pooled_size(problem)
        gamma = self.gamma / size if self.kernel == "rbf" else None
        return self.network(keras, problem, nothing_seen(size, problem.classes, gamma=gamma))

    def network(self, keras: Any, problem: Problem, machine: Machine) -> Any:
        """Writes a fitted machine as a network; see `Architecture.build`."""
        entry, x = pooled(keras, problem)
        x = machine_logits(keras, x, machine, problem.classes)
        answer = keras.layers.Softmax(name="emotion", dtype="float32")(x)
        model = keras.Model(entry, answer, name=self.name)
        fill_machine(model, machine)
        return model


def nothing_seen(size: int, classes: int, *, gamma: float | None) -> Machine:
    """Makes a machine that decides nothing, with one support vector.

    Args:
        size: Of what it reads.
        classes: Number of emotions.
        gamma: Of the rbf kernel; None for a linear one.
    """
    return Machine(
        mean=np.zeros(size, np.float32),
        deviation=np.ones(size, np.float32),
        weights=np.zeros((size if gamma is None else 1, classes), np.float32),
        intercepts=np.zeros(classes, np.float32),
        support=None if gamma is None else np.zeros((1, size), np.float32),
        gamma=gamma or 0.0,
    )


def machine_logits(keras: Any, x: Any, machine: Machine, classes: int) -> Any:
    """Goes from vectors, (batch, features), to logits (batch, classes), in layers of Keras.

    The layers have the machine's sizes and not its weights: see `fill_machine`.
    """
    layers = keras.layers
    # Half precision, as on a GPU, would be too coarse for sums over many support vectors.
    exact = {"dtype": "float32"}
    # Not Keras's Normalization: it takes deviations under 1e-7 for nothing, and there are such
    # powers in the upper bands of quiet speech.
    x = layers.Rescaling(1.0, (-machine.mean).tolist(), name="centre", **exact)(x)
    x = layers.Rescaling((1 / machine.deviation).tolist(), name="standardise", **exact)(x)
    if machine.support is not None:
        # |x - s|^2 = |x|^2 + |s|^2 - 2 x.s: two sums over all clips at once instead of a
        # difference for each pair.
        across = layers.Dense(len(machine.support), trainable=False, name=SUPPORT, **exact)
        length = keras.ops.sum(keras.ops.square(x), axis=-1, keepdims=True)
        x = layers.Subtract(**exact)(
            [across(x), layers.Rescaling(machine.gamma, name="gamma", **exact)(length)]
        )
        # Rounding may make a distance of nothing negative.
        x = keras.ops.exp(keras.ops.minimum(x, 0.0))
    x = layers.Dense(classes, trainable=False, name=DECISIONS, **exact)(x)
    return layers.Rescaling(machine.scale, name="scale", **exact)(x)


def fill_machine(model: Any, machine: Machine) -> None:
    """Gives the layers that `machine_logits` has made their weights."""
    values: dict[str, list[Any]] = {DECISIONS: [machine.weights, machine.intercepts]}
    if machine.support is not None:
        s = machine.support.astype(np.float64)
        values[SUPPORT] = [2 * machine.gamma * s.T, -machine.gamma * np.square(s).sum(axis=1)]
    for name, weights in values.items():
        model.get_layer(name).set_weights([np.asarray(w, np.float32) for w in weights])


def pooled_size(problem: Problem) -> int:
    """Counts the features of a clip once its frames are pooled."""
    return problem.coefficients * (1 if problem.frames == 1 else 2)


def pooled(keras: Any, problem: Problem) -> tuple[Any, Any]:
    """Makes the input, and one vector per clip of it.

    Returns:
        The input tensor (batch, frames, coefficients), and (batch, features): the only frame, or
        means and then standard deviations over the frames that are not padding.
    """
    ops = keras.ops
    entry = keras.Input((problem.frames, problem.coefficients), name="features", dtype="float32")
    if problem.frames == 1:
        return entry, keras.layers.Flatten(dtype="float32")(entry)
    # Padding is nothing but zeros, which no frame of sound has in all its coefficients.
    loudest = ops.max(ops.absolute(entry), axis=-1, keepdims=True)
    real = ops.sign(loudest)
    count = ops.maximum(ops.sum(real, axis=1), 1.0)
    mean = ops.sum(entry, axis=1) / count
    # In two passes: squares of levels in decibels would leave a float32 few digits for the rest.
    apart = (entry - ops.expand_dims(mean, 1)) * real
    deviation = ops.sqrt(ops.sum(ops.square(apart), axis=1) / count)
    return entry, keras.layers.Concatenate(dtype="float32")([mean, deviation])
