"""What the trainers have in common: the description of the problem, and the state of dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tables import make_table

from ser.features.spec import FeatureSpec
from ser.models.backend import load_keras
from ser.training.batches import Examples
from ser.training.trainer import describe_problem, seed_dropout

LABELS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm")


def examples(spec: FeatureSpec, **more: Any) -> Examples:
    table = make_table(8, frames=5, coefficients=3, spec=spec, **more)
    labels = sorted(set(table["y"].tolist()))
    return Examples(table, np.arange(len(table)), labels)


def test_statistics_are_for_features_that_are_not_normalized() -> None:
    problem = describe_problem(examples(FeatureSpec(normalise="none")))
    assert (problem.frames, problem.coefficients) == (5, 3)
    assert problem.mean is not None
    assert problem.variance is not None
    normalized = describe_problem(examples(FeatureSpec(normalise="utterance")))
    assert normalized.mean is normalized.variance is None
    assert normalized.functionals == 0


def test_dropout_depends_on_seed_and_epoch_alone() -> None:
    keras = load_keras("cpu")
    model = keras.Sequential([keras.Input((50,)), keras.layers.Dropout(0.5)])
    x = np.ones((4, 50), np.float32)

    def drop(seed: int, epoch: int) -> Any:
        seed_dropout(model, seed, epoch)
        return np.asarray(model(x, training=True))

    first = drop(1, 0)
    # Whatever was drawn in between.
    model(x, training=True)
    assert np.array_equal(drop(1, 0), first)
    assert not np.array_equal(drop(1, 1), first)
    assert not np.array_equal(drop(2, 0), first)
    assert np.asarray(first).mean() == pytest.approx(1, abs=0.3)
