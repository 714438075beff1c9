"""Products and convolutions under ONNX, in single precision and with weights of eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exported import tensorflow

from ser.exporting.graph import GraphBuilder
from ser.models.artifact import export_litert
from ser.models.litert import LiteRTRunner


def layers(keras: Any, kind: str) -> Any:
    entry = keras.Input((16, 64), name="x")
    if kind == "convolution":
        x = keras.layers.Conv1D(64, 3, strides=2, padding="same", activation="relu")(entry)
    elif kind == "matrices":
        x = keras.layers.EinsumDense("btd,tde->bte", (16, 64))(entry)
    else:
        x = keras.layers.Dense(64, activation="tanh")(entry)
    return keras.Model(entry, keras.layers.Dense(8)(x))


@pytest.mark.parametrize("eight_bits", [False, True])
@pytest.mark.parametrize("kind", ["dense", "convolution", "matrices"])
def test_the_same_as_litert(kind: str, eight_bits: bool) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    import keras

    from ser.exporting.onnx import to_onnx

    tensorflow()
    keras.utils.set_random_seed(0)
    part = export_litert(layers(keras, kind), eight_bits=eight_bits)
    assert part is not None
    builder = GraphBuilder("test")
    (answer,) = builder.add_network(part, {"x": builder.add_input("x", (1, 16, 64))}).values()
    network = builder.finish(answer, "answer")
    content = to_onnx(network, {})
    # The weights of large layers stay as small as they are.
    weights = {"dense": 1, "convolution": 3, "matrices": 16}[kind] * 64 * 64
    assert (len(content) < 3 * weights) == eight_bits
    x = np.random.default_rng(0).normal(size=(1, 16, 64)).astype(np.float32)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})
    expected = LiteRTRunner("test", network)({"x": x})
    # In eight bits, a number that lies between two steps may be taken for either.
    np.testing.assert_allclose(found, expected, atol=3e-3 if eight_bits else 1e-5)
