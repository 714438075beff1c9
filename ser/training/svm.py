"""Fits support vector machines with scikit-learn.

Probabilities are the softmax of the decision values of a clip, one per emotion, multiplied by a
scale. The scale is fitted by three-fold cross-validation within the training clips, with disjoint
speakers where these are known: machines fitted on two thirds give the decision values of the last
third. Platt ("Probabilistic outputs for support vector machines", 1999) fits his sigmoid likewise;
one scale for all emotions is the temperature of Guo et al. (ICML 2017), and changes no decision.
The final machines are then fitted on all training clips. Test and validation clips are not used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ser.arrays import Doubles, Indices, Mask
from ser.dataset.groups import train_indices
from ser.dataset.split import make_folds
from ser.dataset.table import TEXT_WIDTHS, Table, record_dtype
from ser.errors import TableError
from ser.models.base import Problem
from ser.models.calibration import fit_temperature, softmax
from ser.models.svm import SVM, FittedSVM, pooled_input
from ser.training.batches import Batch, Examples
from ser.training.trainer import EpochFigures, Trainer

_FOLDS = 3
# Clips per call of a network.
_BATCH = 64


class SVMTrainer(Trainer):
    """Fits support vector machines to the training clips as they are in the table.

    The first epoch does everything, and further ones change nothing. Class weights are used;
    learning rate, augmentation of features and label smoothing have no effect.
    """

    searched = ()

    def build(self) -> None:
        """Builds the network of an unfitted machine; see `Trainer.build`."""
        self.model = self.architecture.build(self.keras, self.problem)

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Fits the machines; see `Trainer.epoch`.

        Returns:
            Cross-entropy and accuracy on the training clips.
        """
        keras, examples = self.keras, self.examples
        if number == 0:
            features = pool_clips(keras, self.problem, examples)
            weights = examples.weights(self.config).astype(np.float64)
            folds = calibration_folds(examples, features, self.config.seed)
            data = features, examples.targets, len(examples.labels), weights
            arch = cast(SVM, self.architecture)
            machine = fit_svm(arch, *data)
            machine = replace(machine, scale=fit_logit_scale(arch, *data, folds))
            self.model = arch.network(keras, self.problem, machine)
        on_step(self.steps)
        probabilities = np.concatenate(
            [
                np.asarray(self.model.predict_on_batch(examples.features(part)))
                for part in _batch_slices(len(examples))
            ]
        )
        correct = probabilities[np.arange(len(probabilities)), examples.targets]
        return {
            "accuracy": float((probabilities.argmax(axis=1) == examples.targets).mean()),
            "loss": float(-np.log(np.maximum(correct, 1e-12)).mean()),
        }


def pool_clips(keras: Any, problem: Problem, examples: Examples) -> Doubles:
    """Pools the frames of clips as the network does.

    Returns:
        Shape (n, features).

    Raises:
        TableError: Features are not numbers.
    """
    model = keras.Model(*pooled_input(keras, problem))
    vectors = [
        np.asarray(model.predict_on_batch(examples.features(part)), np.float64)
        for part in _batch_slices(len(examples))
    ]
    return np.concatenate(vectors)


def fit_svm(
    arch: SVM, features: Doubles, targets: Indices, classes: int, weights: Doubles
) -> FittedSVM:
    """Fits one machine per emotion against all others.

    Args:
        arch: Kernel and hyperparameters.
        features: Pooled clips, shape (n, features).
        targets: Their emotions as numbers, shape (n,).
        classes: Number of emotions; one without a clip is never predicted.
        weights: Sample weights, shape (n,).
    """
    mean, deviation = feature_statistics(features)
    x = (features - mean) / deviation
    machine = FittedSVM(
        mean=mean.astype(np.float32),
        deviation=deviation.astype(np.float32),
        weights=np.zeros((x.shape[1], classes), np.float32),
        intercepts=np.full(classes, -1, np.float32),
    )
    present = [c for c in range(classes) if 0 < (targets == c).sum() < len(targets)]
    if arch.kernel == "linear":
        for c in present:
            machine.weights[:, c], machine.intercepts[c] = _fit_linear(
                arch, x, targets == c, weights
            )
        return machine
    gamma = arch.gamma / (x.shape[1] * max(float(x.var()), 1e-8))
    dual = np.zeros((len(x), classes), np.float32)
    for c in present:
        dual[:, c], machine.intercepts[c] = _fit_rbf(arch, gamma, x, targets == c, weights)
    # A support vector of several machines is stored once.
    support = np.flatnonzero(dual.any(axis=1))
    if not len(support):
        support = np.zeros(1, np.intp)
    return replace(
        machine, support=x[support].astype(np.float32), weights=dual[support], gamma=gamma
    )


def fit_logit_scale(
    arch: SVM,
    features: Doubles,
    targets: Indices,
    classes: int,
    weights: Doubles,
    folds: Sequence[Indices],
) -> float:
    """Fits the scale that makes logits of decision values; see the top of this file.

    Args:
        arch: See `fit_svm`, as for the next four.
        features: Shape (n, features).
        targets: Shape (n,).
        classes: Number of emotions.
        weights: Shape (n,).
        folds: The positions of the test clips of each fold, from `calibration_folds`.

    Returns:
        The scale; 1 without folds.
    """
    if not folds:
        return 1.0
    values = np.zeros((len(features), classes))
    for test in folds:
        train = train_indices(len(features), test)
        machine = fit_svm(arch, features[train], targets[train], classes, weights[train])
        values[test] = decision_values(machine, features[test])
    return 1 / fit_temperature(softmax(values), targets)


def feature_statistics(features: Doubles) -> tuple[Doubles, Doubles]:
    """Computes the mean and standard deviation of each feature, shape (features,) each.

    The deviation of a constant feature is 1.
    """
    mean = features.mean(axis=0)
    deviation = features.std(axis=0)
    # Relative to the mean: differences by rounding must not be amplified to noise, and small
    # features must not be ignored.
    constant = deviation <= 1e-6 * np.abs(mean)
    return mean, np.where(constant, 1.0, deviation)


def decision_values(machine: FittedSVM, features: Doubles) -> Doubles:
    """Computes the decision values of pooled clips, shape (n, classes), without the scale."""
    x = (features - machine.mean) / machine.deviation
    if machine.support is not None:
        squared = (
            np.square(x).sum(axis=1)[:, None]
            + np.square(machine.support.astype(np.float64)).sum(axis=1)
            - 2 * x @ machine.support.T
        )
        x = np.exp(-machine.gamma * np.maximum(squared, 0))
    values: Doubles = x @ machine.weights + machine.intercepts
    return values


def calibration_folds(
    examples: Examples, features: Doubles, seed: int, *, speaker_independent: bool = True
) -> list[Indices]:
    """Divides training clips into the folds of `fit_logit_scale`.

    Args:
        examples: The training clips.
        features: The same clips pooled; identical clips stay in one fold.
        seed: The seed of the division.
        speaker_independent: Make folds with disjoint speakers, if all speakers are known and there
            are enough.

    Returns:
        The positions of the clips of each fold. Without disjoint speakers, a clip and its copies
        stay in one fold. Empty if there are too few clips even for that.
    """
    table = _pooled_table(examples, features)
    known = speaker_independent and np.asarray(table["speaker"]).astype(bool).all()
    for by in ("speaker", "clip") if known else ("clip",):
        try:
            folds = make_folds(table, _FOLDS, by=by, seed=seed)
        except TableError:
            continue
        return [np.asarray(test, np.intp) for test in folds.tests]
    return []


def _pooled_table(examples: Examples, features: Doubles) -> Table:
    # The features of the table are not read: they may have gigabytes.
    source = examples.table
    widths = {name: source.dtype[name].itemsize // 4 for name in TEXT_WIDTHS}
    table = np.zeros(len(examples), record_dtype(examples.spec, 1, features.shape[1], widths))
    for name in ("frames", "start", "duration", *TEXT_WIDTHS):
        table[name] = np.asarray(source[name])[examples.indices]
    table["x"] = features[:, None]
    return table


def _fit_rbf(
    arch: SVM, gamma: float, x: Doubles, positive: Mask, weights: Doubles
) -> tuple[Doubles, float]:
    from sklearn.svm import SVC

    machine = SVC(C=arch.C, kernel="rbf", gamma=gamma, cache_size=500)
    machine.fit(x, positive, sample_weight=weights)
    dual = np.zeros(len(x))
    dual[machine.support_] = machine.dual_coef_[0]
    return dual, float(machine.intercept_[0])


def _fit_linear(arch: SVM, x: Doubles, positive: Mask, weights: Doubles) -> tuple[Doubles, float]:
    from sklearn.svm import LinearSVC

    # The primal problem has one solution, and its solver is deterministic.
    machine = LinearSVC(C=arch.C, dual=False, max_iter=10_000)
    machine.fit(x, positive, sample_weight=weights)
    return machine.coef_[0], float(machine.intercept_[0])


def _batch_slices(count: int) -> list[slice]:
    return [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]
