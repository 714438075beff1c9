"""Discriminants in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from ser.training.discriminant import fit_discriminant


def clips(count: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three emotions of six speakers whose offsets hide them in the first column."""
    rng = np.random.default_rng(0)
    targets, speakers = rng.integers(0, 3, count), rng.integers(0, 6, count)
    x = rng.normal(0, 1, (count, 5))
    x[:, 0] += targets + 8 * speakers
    x[:, 1] += 0.5 * targets
    return x.astype(np.float32), targets, speakers


def test_it_is_that_of_scikit_learn() -> None:
    x, targets, _ = clips()
    found = fit_discriminant(x, targets, 3, shrinkage=0.3, weights=np.ones(len(x), np.float32))
    means = np.stack([x[targets == k].mean(axis=0) for k in range(3)])
    residual = x - means[targets]
    covariance = residual.T @ residual / len(x)
    covariance = 0.7 * covariance + 0.3 * np.trace(covariance) / 5 * np.eye(5)
    theirs = LinearDiscriminantAnalysis(solver="lsqr", priors=[1 / 3] * 3)
    theirs.fit(x, targets)
    theirs.coef_ = np.linalg.solve(covariance, means.T).T
    theirs.intercept_ = -0.5 * (theirs.coef_ * means).sum(axis=1) + np.log(1 / 3)
    expected = theirs.decision_function(x)
    assert x @ found.weights + found.biases + np.log(1 / 3) == pytest.approx(expected, abs=1e-2)


def test_clips_count_by_their_weight() -> None:
    x, targets, _ = clips(90)
    twice = np.concatenate([x, x[:30]]), np.concatenate([targets, targets[:30]])
    weights = np.ones(90, np.float32)
    weights[:30] = 2
    one = fit_discriminant(x, targets, 3, shrinkage=0.1, weights=weights)
    other = fit_discriminant(*twice, 3, shrinkage=0.1, weights=np.ones(120, np.float32))
    assert one.weights == pytest.approx(other.weights, abs=1e-3)
    assert one.biases == pytest.approx(other.biases, abs=1e-3)


def test_apart_from_voices_their_offsets_do_not_count() -> None:
    x, targets, speakers = clips()
    weights = np.ones(len(x), np.float32)
    plain = fit_discriminant(x, targets, 3, shrinkage=0.01, weights=weights)
    relative = fit_discriminant(x, targets, 3, shrinkage=0.01, weights=weights, speakers=speakers)

    def right(one: object, shifted: np.ndarray) -> float:
        return float((np.argmax(shifted @ one.weights + one.biases, axis=1) == targets).mean())

    known = x.copy()
    known[:, 0] -= 8 * (speakers - speakers.mean())
    assert (
        abs(relative.weights[0] - relative.weights[0].mean()).max()
        > 10 * abs(plain.weights[0] - plain.weights[0].mean()).max()
    )
    assert right(relative, known) > right(plain, known) + 0.05
