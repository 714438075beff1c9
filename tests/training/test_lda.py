"""A linear reading: right about new speakers, and as sure of itself as that allows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from ser.models.calibration import expected_calibration_error, fit_temperature, softmax
from ser.training.lda import _fit_discriminant, fit_lda

SPEAKERS, CLIPS, WIDTH, CLASSES = 12, 30, 60, 3
GROUPS = [f"speaker {number}" for number in range(SPEAKERS) for _ in range(CLIPS)]


def material(seed: int = 0) -> tuple[Any, Any]:
    """Clips of speakers who differ, with little in them that says the emotion."""
    rng = np.random.default_rng(seed)
    who = np.repeat(rng.normal(0, 1, (SPEAKERS, WIDTH)), CLIPS, axis=0)
    targets = rng.integers(0, CLASSES, SPEAKERS * CLIPS)
    centres = np.random.default_rng(1).normal(0, 0.35, (CLASSES, WIDTH))
    return (centres[targets] + who + rng.normal(0, 1, who.shape)).astype(np.float32), targets


def answers(x: Any, reading: tuple[Any, Any]) -> Any:
    odds = np.exp(x @ reading[0] + reading[1])
    return odds / odds.sum(axis=1, keepdims=True)


def test_as_sure_as_it_is_right() -> None:
    reading = fit_lda(*material(), GROUPS, CLASSES)
    x, targets = material(2)
    sober = answers(x, reading)
    assert (sober.argmax(axis=1) == targets).mean() > 0.6
    plain = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(*material())
    # The same answers as those of the library, in the same order, and not as sure.
    np.testing.assert_array_equal(plain.predict(x), sober.argmax(axis=1))
    careless = expected_calibration_error(plain.predict_proba(x), targets)
    assert expected_calibration_error(sober, targets) < 0.07 < careless


def test_two_of_four_emotions() -> None:
    x, targets = material()
    two = targets < 2
    reading = fit_lda(
        x[two],
        2 * targets[two],
        [name for name, is_one in zip(GROUPS, two, strict=True) if is_one],
        4,
    )
    found = answers(x[two], reading)
    assert (found.argmax(axis=1) == 2 * targets[two]).mean() > 0.7
    assert found[:, [1, 3]].max() < 1e-4


def test_rare_emotions_may_count_as_much() -> None:
    x, targets = material()
    kept = (targets > 0) | (np.arange(len(targets)) % 8 == 0)
    groups = [name for name, is_one in zip(GROUPS, kept, strict=True) if is_one]
    plain, even = (
        answers(material(2)[0], fit_lda(x[kept], targets[kept], groups, 3, balanced=balanced))
        for balanced in (False, True)
    )
    assert even[:, 0].mean() > 1.5 * plain[:, 0].mean()


@pytest.mark.parametrize("groups", [["one"] * 40, [""] * 40], ids=["one speaker", "nobody knows"])
def test_without_speakers_to_leave_out(groups: list[str]) -> None:
    x, targets = (part[:40] for part in material())
    found = answers(x, fit_lda(x, targets, groups, CLASSES))
    assert np.isfinite(found).all()
    assert (found.argmax(axis=1) == targets).mean() > 0.6


def test_too_little_to_learn_from() -> None:
    x, targets = material()
    for count in (1, 2, 3):
        weights, biases = fit_lda(x[:count], targets[:count], GROUPS[:count], CLASSES)
        assert weights.shape == (WIDTH, CLASSES)
        assert np.isfinite(weights).all()
        assert biases[np.unique(targets[:count])].min() > biases.min() - 1e-6


def test_it_is_never_made_surer_than_it_is() -> None:
    # Far apart in a few of many dimensions: a shrunk covariance leaves it too much in doubt, and
    # clips of other speakers would ask for a lower temperature.
    rng = np.random.default_rng(0)
    targets = np.arange(60) % 3
    x = rng.normal(0, 1, (60, 80)).astype(np.float32)
    x[np.arange(60), targets] += 4
    speakers = [f"{i // 6}" for i in range(60)]
    plain = _fit_discriminant(x, targets, 3, False)
    left_out = np.concatenate(
        [
            x[test] @ weights + biases
            for test in np.split(np.arange(60), 10)
            for rest in [np.setdiff1d(np.arange(60), test)]
            for weights, biases in [_fit_discriminant(x[rest], targets[rest], 3, False)]
        ]
    )
    assert fit_temperature(softmax(left_out.astype(np.float64)), targets) < 0.95
    for fitted, expected in zip(fit_lda(x, targets, speakers, 3), plain, strict=True):
        assert np.array_equal(fitted, expected)
