"""Conversion for LiteRT: the answers of the network, by either way; what does not convert."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from spoken import Small

from ser.models import litert_export
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert import LiteRTRunner
from ser.models.litert_export import export_litert


@pytest.fixture(scope="module")
def two_inputs() -> Any:
    keras = load_keras("cpu")
    entries = {
        "features": keras.Input((8, 40), name="features"),
        "age": keras.Input((2,), name="age"),
    }
    x = keras.layers.Conv1D(32, 3, activation="relu")(entries["features"])
    x = keras.layers.Dense(64)(keras.layers.Flatten()(x))
    x = keras.layers.Concatenate()([x, entries["age"]])
    return keras.Model(entries, keras.layers.Dense(3, activation="softmax")(x))


@pytest.mark.parametrize("eight_bits", [False, True])
def test_large_networks_are_converted_to_the_same(
    two_inputs: Any, eight_bits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(0)
    inputs = {
        "features": rng.normal(size=(5, 8, 40)).astype(np.float32),
        "age": rng.normal(size=(5, 2)).astype(np.float32),
    }
    answers, sizes = [], []
    for limit in (2**28, 0):
        monkeypatch.setattr(litert_export, "_LARGE", limit)
        network = export_litert(two_inputs, eight_bits=eight_bits)
        assert network is not None
        answers.append(LiteRTRunner("it", network)(inputs))
        sizes.append(len(network))
    np.testing.assert_array_equal(answers[0], answers[1])
    expected = np.asarray(two_inputs(inputs, training=False))
    np.testing.assert_allclose(answers[0], expected, atol=0.05 if eight_bits else 1e-6)
    bytes_per_weight = 1 if eight_bits else 4
    weights = two_inputs.count_params() * bytes_per_weight
    assert all(weights < size < weights + 10_000 for size in sizes)


def test_any_number_of_examples() -> None:
    model = Small().build(load_keras("cpu"), Problem(6, 4, 3))
    network = export_litert(model)
    assert network is not None
    run = LiteRTRunner("it", network)
    for count in (1, 4, 2):
        x = np.random.default_rng(count).normal(size=(count, 6, 4)).astype(np.float32)
        np.testing.assert_allclose(run({"features": x}), model.predict_on_batch(x), atol=1e-6)


def test_a_loop_that_litert_cannot_run_is_no_conversion() -> None:
    keras = load_keras("cpu")
    # It is converted without a word, with operations that need TensorFlow's own kernels.
    entry = keras.Input((8, 4))
    looped = keras.Model(entry, keras.layers.LSTM(3)(entry))
    assert export_litert(looped) is None
    unrolled = keras.Model(entry, keras.layers.LSTM(3, unroll=True)(entry))
    assert export_litert(unrolled) is not None
