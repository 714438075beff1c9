"""The network of an ensemble of discriminants."""

from __future__ import annotations

import numpy as np
import pytest

from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.lda import DISCRIMINANT_LAYER, LDA, TEMPERATURE_LAYER, groups_of


def problem(groups: tuple[int, ...]) -> Problem:
    count = sum(groups)
    return Problem(
        4, 3, 2,
        functionals=count,
        functional_mean=np.zeros(count, np.float32),
        functional_variance=np.ones(count, np.float32),
        functional_groups=groups,
    )  # fmt: skip


def test_groups_lie_behind_one_another() -> None:
    assert groups_of(problem((2, 3))) == [(0, 2), (2, 5)]


def test_prosody_has_its_own_weight_and_shrinkage() -> None:
    lda = LDA(prosody_weight=2.0, shrinkage=0.6)
    assert lda.group_weights(problem((2, 3, 3))) == [2, 1, 1]
    assert lda.group_shrinkage(problem((2, 3, 3))) == pytest.approx([0.2, 0.6, 0.6])


def test_a_table_without_functionals() -> None:
    with pytest.raises(SerError, match="contours"):
        LDA().build(load_keras("cpu"), Problem(4, 3, 2))


@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_groups_vote_with_their_weights(weight: float) -> None:
    kernels = [np.array([[0, 0], [2, 0]], np.float32), np.array([[0, 1], [0, 0]], np.float32)]
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    model = LDA(prosody_weight=weight).build(load_keras("cpu"), problem((2, 2)))
    for number, kernel in enumerate(kernels):
        layer = model.get_layer(f"{DISCRIMINANT_LAYER}_{number}")
        layer.set_weights([kernel, np.zeros(2, np.float32)])
    model.get_layer(TEMPERATURE_LAYER).set_weights([np.eye(2, dtype=np.float32) / 2])
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    product = np.exp((weight * logs[0] + logs[1]) / 2)

    def answer(features: float, level: float, voice: float) -> np.ndarray:
        functionals = np.array([[level, 1, 1, 1]], np.float32)
        inputs = {
            "features": np.full((1, 4, 3), features, np.float32),
            "functionals": functionals,
            "voice": np.full((1, 2, 4), voice, np.float32),
        }
        return np.asarray(model.predict_on_batch(inputs))[0]

    expected = pytest.approx(product / product.sum(), abs=1e-4)
    assert answer(0, 1, 0) == expected
    # Neither features, nor level, nor baseline are read.
    assert answer(7, 30, 2) == expected
