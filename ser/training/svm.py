"""Fits what has a solution: support vector machines, in one step and by scikit-learn.

Probabilities: the decision values of a clip, one per emotion, are multiplied by one number and go
through a softmax. The number has the greatest likelihood on decisions about training clips that
were set aside: the training clips are divided into three parts, speakers apart where they are
known, and machines fitted on two of them judge the third. (Platt, "Probabilistic outputs for
support vector machines", 1999, fits his sigmoid likewise; one number for all emotions is the
temperature of Guo et al., ICML 2017, and changes no decision.) The machine that is kept is then
fitted on all training clips. Test and validation clips take part in none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles
from ser.dataset.split import make_folds, train_indices
from ser.dataset.table import TEXT_WIDTHS, Table, record_dtype
from ser.errors import TableError
from ser.models.base import Problem
from ser.models.calibration import fit_temperature, softmax
from ser.models.svm import SVM, FittedSVM, pooled_input
from ser.training.batches import Batch, Examples
from ser.training.trainer import EpochFigures, Trainer

_PARTS = 3
_CHUNK = 64


class SVMTrainer(Trainer):
    """Fits support vector machines on the training clips as they are in the table.

    There is nothing to repeat: the first epoch does everything, and further ones change nothing.
    Learning rate, augmentation of features and label smoothing mean nothing here; class weights
    do.
    """

    searched = ()

    def build(self) -> None:
        """Makes the network of a machine that has seen nothing; see `Trainer.build`."""
        self.model = self.architecture.build(self.keras, self.problem)

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Fits the machine; see `Trainer.epoch`.

        Returns:
            Cross-entropy and accuracy on the training clips.
        """
        keras, examples = self.keras, self.examples
        if number == 0:
            features = pool_clips(keras, self.problem, examples)
            weights = examples.weights(self.config).astype(np.float64)
            parts = calibration_folds(examples, features, self.config.seed)
            fitted = features, examples.targets, self._classes, weights
            machine = fit_svm(self._machines, *fitted)
            machine = replace(machine, scale=fit_logit_scale(self._machines, *fitted, parts))
            self.model = self._machines.network(keras, self.problem, machine)
        on_step(self.steps)
        answers = np.concatenate(
            [
                np.asarray(self.model.predict_on_batch(examples.features(part)))
                for part in _chunks(len(examples))
            ]
        )
        picked = answers[np.arange(len(answers)), examples.targets]
        return {
            "accuracy": float((answers.argmax(axis=1) == examples.targets).mean()),
            "loss": float(-np.log(np.maximum(picked, 1e-12)).mean()),
        }

    @property
    def _machines(self) -> SVM:
        return cast(SVM, self.architecture)

    @property
    def _classes(self) -> int:
        return len(self.examples.labels)


def pool_clips(keras: Any, problem: Problem, examples: Examples) -> Doubles:
    """Pools the clips of a table as the network does.

    Returns:
        Shape (n, features).

    Raises:
        TableError: Features are not numbers.
    """
    model = keras.Model(*pooled_input(keras, problem))
    found = [
        np.asarray(model.predict_on_batch(examples.features(part)), np.float64)
        for part in _chunks(len(examples))
    ]
    return np.concatenate(found)


def fit_svm(
    arch: SVM, features: Doubles, targets: npt.NDArray[np.intp], classes: int, weights: Doubles
) -> FittedSVM:
    """Fits one machine per emotion against all others.

    Args:
        arch: Kernel and hyperparameters.
        features: Pooled clips, shape (n, features).
        targets: Their emotions as numbers, shape (n,).
        classes: Number of emotions; one without a clip is always decided against.
        weights: Of the clips, shape (n,).
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
    # A clip that supports one emotion's machine is kept once for all of them.
    used = np.flatnonzero(dual.any(axis=1))
    if not len(used):
        used = np.zeros(1, np.intp)
    return replace(machine, support=x[used].astype(np.float32), weights=dual[used], gamma=gamma)


def fit_logit_scale(
    arch: SVM,
    features: Doubles,
    targets: npt.NDArray[np.intp],
    classes: int,
    weights: Doubles,
    parts: Sequence[npt.NDArray[np.intp]],
) -> float:
    """Finds what to multiply decisions by; see the top of this file.

    Args:
        arch: See `fit_svm`, as for the next three.
        features: Shape (n, features).
        targets: Shape (n,).
        classes: Number of emotions.
        weights: Shape (n,).
        parts: Positions of clips that are judged by machines of all others; see `calibration_folds`.
            Without any, the answer is 1.
    """
    if not parts:
        return 1.0
    said = np.zeros((len(features), classes))
    for test in parts:
        rest = train_indices(len(features), test)
        machine = fit_svm(arch, features[rest], targets[rest], classes, weights[rest])
        said[test] = decision_values(machine, features[test])
    return 1 / fit_temperature(softmax(said), targets)


def feature_statistics(features: Doubles) -> tuple[Doubles, Doubles]:
    """Gives mean and standard deviation of each feature, shape (features,) each."""
    mean = features.mean(axis=0)
    deviation = features.std(axis=0)
    # What differs by rounding alone would be blown up to noise; how small the numbers are as such
    # says nothing.
    still = deviation <= 1e-6 * np.abs(mean)
    return mean, np.where(still, 1.0, deviation)


def decision_values(machine: FittedSVM, features: Doubles) -> Doubles:
    """Gives the decision values of pooled clips, shape (n, classes), before any scale."""
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
    examples: Examples, features: Doubles, seed: int, *, strangers: bool = True
) -> list[npt.NDArray[np.intp]]:
    """Divides training clips into parts that are judged by machines fitted on the others.

    Args:
        examples: The training clips.
        features: The same clips pooled: identical ones stay together.
        seed: Of the division.
        strangers: Keep speakers apart, where all are known and there are enough.

    Returns:
        Positions of clips; where speakers are not apart, clips are, with their copies. Nothing
        where there are too few clips even for that.
    """
    table = _pooled_table(examples, features)
    known = strangers and np.asarray(table["speaker"]).astype(bool).all()
    for by in ("speaker", "clip") if known else ("clip",):
        try:
            folds = make_folds(table, _PARTS, by=by, seed=seed)
        except TableError:
            continue
        return [np.asarray(test, np.intp) for test in folds.tests]
    return []


def _pooled_table(examples: Examples, features: Doubles) -> Table:
    # Only the small fields of the records are read; `x` may be gigabytes.
    source = examples.table
    widths = {name: source.dtype[name].itemsize // 4 for name in TEXT_WIDTHS}
    table = np.zeros(len(examples), record_dtype(examples.spec, 1, features.shape[1], widths))
    for name in ("frames", "start", "duration", *TEXT_WIDTHS):
        table[name] = np.asarray(source[name])[examples.indices]
    table["x"] = features[:, None]
    return table


def _fit_rbf(
    arch: SVM, gamma: float, x: Doubles, positive: npt.NDArray[np.bool_], weights: Doubles
) -> tuple[Doubles, float]:
    from sklearn.svm import SVC

    machine = SVC(C=arch.C, kernel="rbf", gamma=gamma, cache_size=500)
    machine.fit(x, positive, sample_weight=weights)
    dual = np.zeros(len(x))
    dual[machine.support_] = machine.dual_coef_[0]
    return dual, float(machine.intercept_[0])


def _fit_linear(
    arch: SVM, x: Doubles, positive: npt.NDArray[np.bool_], weights: Doubles
) -> tuple[Doubles, float]:
    from sklearn.svm import LinearSVC

    # Solved for the coefficients themselves it has one answer, and no chance takes part.
    machine = LinearSVC(C=arch.C, dual=False, max_iter=10_000)
    machine.fit(x, positive, sample_weight=weights)
    return machine.coef_[0], float(machine.intercept_[0])


def _chunks(count: int) -> list[slice]:
    return [slice(start, start + _CHUNK) for start in range(0, count, _CHUNK)]
