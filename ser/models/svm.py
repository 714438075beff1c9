"""Support vector machines: their hyperparameters, and a fitted one as Keras layers."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.arrays import Array
from ser.models.base import Architecture, Problem, option
from ser.models.limits import POSITIVE

SUPPORT_LAYER, DECISION_LAYER = "support", "decisions"
"""Names of the layers that compute the distances from the support vectors, and scikit-learn's
decision values."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedSVM:
    """The parameters of fitted support vector machines, one per class against all others.

    Attributes:
        mean: Mean of each pooled feature over the training clips, shape (features,).
        deviation: Standard deviation likewise; 1 for a feature that is constant.
        weights: For a linear kernel the coefficients, shape (features, classes); for an rbf kernel
            the dual coefficients, shape (vectors, classes).
        intercepts: Shape (classes,).
        support: The standardized support vectors, shape (vectors, features); None for a linear
            kernel.
        gamma: The factor in exp(-gamma |x - s|^2).
        scale: What decision values are multiplied by to become logits.
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
    coefficient over the frames that are not padding. Vectors are standardized with the statistics
    of the training clips. `ser.training.svm` fits the machines with scikit-learn and computes
    probabilities from their decision values. Here a fitted machine is expressed as Keras layers, so
    that it runs, converts and is stored like every other network.
    """

    name = "svm"
    summary = "support vector machines on pooled features, by scikit-learn"
    trainer = "closed"
    defaults = MappingProxyType({"epochs": 1, "patience": 0})

    kernel: str = option("rbf", "kernel function", choices=("rbf", "linear"))
    C: float = option(
        3.0, "cost of a training clip on the wrong side", POSITIVE, low=1e-3, high=100.0, log=True
    )
    gamma: float = option(
        1.0,
        "width of the rbf kernel; 1 is scikit-learn's gamma='scale'",
        POSITIVE,
        low=0.05,
        high=5.0,
        log=True,
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network of an unfitted machine; see `Architecture.build`.

        The number of support vectors is known after fitting only; the trainer then builds the
        network again with `network`.
        """
        size = pooled_size(problem)
        gamma = self.gamma / size if self.kernel == "rbf" else None
        return self.network(keras, problem, empty_svm(size, problem.classes, gamma=gamma))

    def network(self, keras: Any, problem: Problem, machine: FittedSVM) -> Any:
        """Builds the network of a fitted machine; see `Architecture.build`."""
        entry, x = pooled_input(keras, problem)
        x = svm_logits(keras, x, machine, problem.classes)
        answer = keras.layers.Softmax(name="emotion", dtype="float32")(x)
        model = keras.Model(entry, answer, name=self.name)
        set_svm_weights(model, machine)
        return model


def empty_svm(size: int, classes: int, *, gamma: float | None) -> FittedSVM:
    """Makes the parameters of an unfitted machine: all zero, with one support vector.

    Args:
        size: Number of pooled features.
        classes: Number of emotions.
        gamma: Of the rbf kernel; None for a linear one.
    """
    return FittedSVM(
        mean=np.zeros(size, np.float32),
        deviation=np.ones(size, np.float32),
        weights=np.zeros((size if gamma is None else 1, classes), np.float32),
        intercepts=np.zeros(classes, np.float32),
        support=None if gamma is None else np.zeros((1, size), np.float32),
        gamma=gamma or 0.0,
    )


def svm_logits(keras: Any, x: Any, machine: FittedSVM, classes: int) -> Any:
    """Maps vectors (batch, features) to logits (batch, classes) with Keras layers.

    The layers have the sizes of the machine; `set_svm_weights` gives them its parameters.
    """
    layers = keras.layers
    # Half precision, as on a GPU, is too coarse for sums over many support vectors.
    exact = {"dtype": "float32"}
    # Keras's Normalization ignores deviations below 1e-7, and quiet speech has such powers in its
    # upper bands.
    x = layers.Rescaling(1.0, (-machine.mean).tolist(), name="centre", **exact)(x)
    x = layers.Rescaling((1 / machine.deviation).tolist(), name="standardise", **exact)(x)
    if machine.support is not None:
        # |x - s|^2 = |x|^2 + |s|^2 - 2 x.s, which needs no difference for every pair.
        across = layers.Dense(len(machine.support), trainable=False, name=SUPPORT_LAYER, **exact)
        length = keras.ops.sum(keras.ops.square(x), axis=-1, keepdims=True)
        x = layers.Subtract(**exact)(
            [across(x), layers.Rescaling(machine.gamma, name="gamma", **exact)(length)]
        )
        # Rounding may make a distance of zero negative.
        x = keras.ops.exp(keras.ops.minimum(x, 0.0))
    x = layers.Dense(classes, trainable=False, name=DECISION_LAYER, **exact)(x)
    return layers.Rescaling(machine.scale, name="scale", **exact)(x)


def set_svm_weights(model: Any, machine: FittedSVM) -> None:
    """Sets the weights of the layers that `svm_logits` has made.

    Args:
        model: A `keras.Model` with these layers.
        machine: The parameters.
    """
    values: dict[str, list[Any]] = {DECISION_LAYER: [machine.weights, machine.intercepts]}
    if machine.support is not None:
        s = machine.support.astype(np.float64)
        values[SUPPORT_LAYER] = [2 * machine.gamma * s.T, -machine.gamma * np.square(s).sum(axis=1)]
    for name, weights in values.items():
        model.get_layer(name).set_weights([np.asarray(w, np.float32) for w in weights])


def pooled_size(problem: Problem) -> int:
    """Counts the features of a clip after pooling over its frames."""
    return problem.coefficients * (1 if problem.frames == 1 else 2)


def pooled_input(keras: Any, problem: Problem) -> tuple[Any, Any]:
    """Makes the input, and pools it to one vector per clip.

    Returns:
        The input tensor (batch, frames, coefficients), and the vectors (batch, features): the only
        frame, or means followed by standard deviations over the frames that are not padding.
    """
    ops = keras.ops
    entry = keras.Input((problem.frames, problem.coefficients), name="features", dtype="float32")
    if problem.frames == 1:
        return entry, keras.layers.Flatten(dtype="float32")(entry)
    # Padding is zero in all coefficients; no frame of sound is.
    largest = ops.max(ops.absolute(entry), axis=-1, keepdims=True)
    mask = ops.sign(largest)
    count = ops.maximum(ops.sum(mask, axis=1), 1.0)
    mean = ops.sum(entry, axis=1) / count
    # Two passes: the squares of levels in decibels leave a float32 too few digits.
    difference = (entry - ops.expand_dims(mean, 1)) * mask
    deviation = ops.sqrt(ops.sum(ops.square(difference), axis=1) / count)
    return entry, keras.layers.Concatenate(dtype="float32")([mean, deviation])
