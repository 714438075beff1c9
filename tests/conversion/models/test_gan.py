"""The generator of changes and its discriminator: what they take, give and ignore."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.conversion.contour_grid import (
    MASK,
    N_CEPSTRA,
    N_CHANGED,
    N_COLUMNS,
    N_FEATURES,
    ContourScale,
)
from ser.conversion.models.gan import N_OUTPUTS, SCORE, STEP_MULTIPLE, GANTranslate
from ser.models.backend import load_keras
from ser.models.litert_export import export_litert

SMALL = GANTranslate(width=8, blocks=2)
NOTHING, ONE = np.zeros(N_FEATURES, np.float32), np.ones(N_FEATURES, np.float32)
SCALE = ContourScale(NOTHING[:N_CHANGED], ONE[:N_CHANGED] * 20, NOTHING, ONE)
STEPS = 4 * STEP_MULTIPLE


@pytest.fixture(scope="module")
def keras() -> Any:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(scope="module")
def fresh(keras: Any) -> Any:
    return SMALL.generator(keras, 3, SCALE)


@pytest.fixture(scope="module")
def trained(keras: Any) -> Any:
    """A generator with any weights but zeros."""
    model = SMALL.generator(keras, 3, SCALE)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    layer = model.get_layer("normalization")
    assert layer is not None
    return model


def phrases(steps: int = STEPS, count: int = 2, real: int | None = None) -> Any:
    found = np.random.default_rng(1).normal(size=(count, steps, N_FEATURES)).astype(np.float32)
    found[:, :, MASK] = 1
    if real is not None:
        found[:, real:] = 0
    return found


def conditions(*rows: tuple[float, ...]) -> Any:
    return np.array(rows, np.float32)


def test_it_begins_by_changing_nothing(fresh: Any) -> None:
    change = fresh.predict_on_batch([phrases(), conditions((1, 0, 0), (0, 0, 1.5))])
    assert change.shape == (2, STEPS, N_OUTPUTS)
    assert not change.any()


def test_intensity_nothing_changes_nothing(trained: Any) -> None:
    change = trained.predict_on_batch([phrases(), conditions((0, 0, 0), (0, 1, 0))])
    assert not change[0].any()
    assert change[1].any()


def test_emotions_differ(trained: Any) -> None:
    same = np.repeat(phrases(count=1), 2, axis=0)
    change = trained.predict_on_batch([same, conditions((1, 0, 0), (0, 1, 0))])
    assert np.abs(change[0] - change[1]).max() > 0.1


def test_changes_have_limits(trained: Any) -> None:
    change = trained.predict_on_batch([100 * phrases(), conditions((1.5, 0, 0), (0, 0, 1.5))])
    assert np.abs(change[:, :, N_CEPSTRA]).max() <= 15
    assert np.abs(change[:, :, N_CHANGED]).max() <= 0.7


def test_pitch_and_tempo_change_slowly(trained: Any) -> None:
    change = trained.predict_on_batch([phrases(), conditions((1, 0, 0), (0, 1, 0))])
    moves = np.abs(np.diff(change, axis=1)).mean(axis=(0, 1)) / (change.std(axis=(0, 1)) + 1e-9)
    assert moves[N_CEPSTRA] < 0.6 * moves[:N_CEPSTRA].mean()
    assert moves[N_CHANGED] < 0.6 * moves[:N_CEPSTRA].mean()


def test_padding_does_not_matter(trained: Any) -> None:
    condition = conditions((1, 0, 0), (0, 1, 0))
    real = STEPS - 2 * STEP_MULTIPLE
    short = phrases()[:, :real]
    long = np.pad(short, ((0, 0), (0, 3 * STEP_MULTIPLE), (0, 0)))
    one = trained.predict_on_batch([short, condition])
    other = trained.predict_on_batch([long, condition])
    # But for the last pooled control points, which padding is averaged into.
    np.testing.assert_allclose(
        one[:, : -2 * STEP_MULTIPLE], other[:, : real - 2 * STEP_MULTIPLE], atol=1e-4
    )


def test_litert_says_the_same_of_any_length(trained: Any) -> None:
    network = export_litert(trained)
    assert network is not None
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=network)
    for steps in (STEP_MULTIPLE, 6 * STEP_MULTIPLE):
        features, condition = phrases(steps, 1), conditions((0, 1.0, 0))
        for about in interpreter.get_input_details():
            value = features if "features" in about["name"] else condition
            interpreter.resize_tensor_input(about["index"], value.shape)
        interpreter.allocate_tensors()
        for about in interpreter.get_input_details():
            value = features if "features" in about["name"] else condition
            interpreter.set_tensor(about["index"], value)
        interpreter.invoke()
        found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        wanted = trained.predict_on_batch([features, condition])
        np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_the_discriminator_hears_the_emotion(keras: Any) -> None:
    model = SMALL.discriminator(keras, 40, 3)
    heard = np.random.default_rng(0).normal(size=(1, 40, N_COLUMNS)).astype(np.float32)
    heard[:, :, MASK] = 1
    heard = np.repeat(heard, 2, axis=0)
    answers = model.predict_on_batch([heard, conditions((1, 0, 0), (0, 1, 0))])[SCORE]
    assert answers.shape == (2, 1)
    assert answers[0] != answers[1]
