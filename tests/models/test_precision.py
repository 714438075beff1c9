"""Networks computed in half precision while they are trained, and stored in single."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.precision import Precision, precision_policy, to_float32
from ser.models.registry import make_architecture

PROBLEM = Problem(34, 24, 3)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_built_in_half_stored_in_full(precision: Precision) -> None:
    keras = load_keras("cpu")
    cnn = make_architecture("cnn", {"width": 0.5, "units": 64})
    with precision_policy(keras, precision):
        model = cnn.build(keras, PROBLEM)
    assert keras.config.dtype_policy().name == "float32"
    assert model.layers[2].compute_dtype == precision
    # What is learnt is kept in single precision all the same.
    assert {weight.dtype for weight in model.weights} == {"float32"}
    config = to_float32(model.get_config())
    assert "float16" not in json.dumps(config)
    full = type(model).from_config(config)
    full.set_weights(model.get_weights())
    assert {layer.compute_dtype for layer in full.layers} == {"float32"}
    x = np.random.default_rng(0).normal(size=(4, 34, 24)).astype(np.float32)
    assert full.predict_on_batch(x) == pytest.approx(
        np.asarray(model.predict_on_batch(x)), abs=0.05
    )


def test_auto_leaves_it_to_the_device() -> None:
    keras = load_keras("cpu")
    with precision_policy(keras, "auto"):
        assert keras.config.dtype_policy().name == "float32"


def test_the_policy_comes_back_after_an_error() -> None:
    keras = load_keras("cpu")
    with pytest.raises(RuntimeError), precision_policy(keras, "bfloat16"):
        raise RuntimeError
    assert keras.config.dtype_policy().name == "float32"
