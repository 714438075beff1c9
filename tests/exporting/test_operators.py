"""Each operator of LiteRT gives the same under ONNX."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from exported import tensorflow

from ser.exporting.graph import GraphBuilder, operator_names
from ser.exporting.operators import TRANSLATORS
from ser.exporting.parts import convert
from ser.models.litert import LiteRTRunner

X = np.random.default_rng(0).normal(size=(1, 4, 6)).astype(np.float32)
PICTURE = np.random.default_rng(1).normal(size=(1, 8, 6, 3)).astype(np.float32)

Function = Callable[[Any, Any], Any]

FUNCTIONS: dict[str, Function] = {
    "ABS": lambda tf, x: tf.abs(x),
    "ADD": lambda tf, x: tf.nn.relu(x + x[:, :1]),
    "ARG_MAX": lambda tf, x: tf.cast(tf.argmax(x, axis=1, output_type=tf.int32), tf.float32),
    "BATCH_MATMUL": lambda tf, x: tf.matmul(x, x, transpose_b=True),
    "CEIL": lambda tf, x: tf.math.ceil(x),
    "CONCATENATION": lambda tf, x: tf.concat([x, tf.abs(x)], axis=2),
    "CUMSUM": lambda tf, x: tf.cumsum(x, axis=2),
    "DIV": lambda tf, x: x / (1 + tf.abs(x)),
    "ELU": lambda tf, x: tf.nn.elu(x),
    "EQUAL": lambda tf, x: tf.where(tf.floor(x) == 0.0, x, 9.0),
    "EXP": lambda tf, x: tf.exp(x),
    "EXPAND_DIMS": lambda tf, x: tf.expand_dims(x, 1),
    "FLOOR": lambda tf, x: tf.floor(x),
    "FLOOR_DIV": lambda tf, x: tf.cast(tf.cast(x * 100, tf.int32) // 7, tf.float32),
    "GATHER": lambda tf, x: tf.gather(
        x[0], tf.cast(tf.abs(x[0, :, :2]), tf.int32), batch_dims=1
    ) + tf.gather(x[0], [1], axis=1),
    "GELU": lambda tf, x: tf.nn.gelu(x, approximate=False),
    "GREATER": lambda tf, x: tf.where(x > 0.1, x, -1.0),
    "GREATER_EQUAL": lambda tf, x: tf.where(x >= 0.1, x, -1.0),
    "LEAKY_RELU": lambda tf, x: tf.nn.leaky_relu(x, 0.3),
    "LESS": lambda tf, x: tf.where(x < 0.1, x, -1.0),
    "LESS_EQUAL": lambda tf, x: tf.where(x <= 0.1, x, -1.0),
    "LOG": lambda tf, x: tf.math.log(tf.abs(x)),
    "LOGICAL_AND": lambda tf, x: tf.where(tf.logical_and(x > 0, x < 1), x, 5.0),
    "LOGICAL_OR": lambda tf, x: tf.where(tf.logical_or(x < 0, x > 1), x, 5.0),
    "LOGISTIC": lambda tf, x: tf.sigmoid(x),
    "MAXIMUM": lambda tf, x: tf.maximum(x, x[:, :, :1]),
    "MEAN": lambda tf, x: tf.reduce_mean(x, axis=[1, 2], keepdims=True),
    "MINIMUM": lambda tf, x: tf.minimum(x, 0.3),
    "MUL": lambda tf, x: x * x[:, :1],
    "NEG": lambda tf, x: -x,
    "NOT_EQUAL": lambda tf, x: tf.cast(tf.floor(x) != 0.0, tf.float32),
    "ONE_HOT": lambda tf, x: tf.one_hot(tf.cast(tf.abs(x), tf.int32), 3),
    "PACK": lambda tf, x: tf.stack([x[0, 0], tf.exp(x[0, 1])], axis=1),
    "PAD": lambda tf, x: tf.pad(x, [[0, 0], [1, 2], [3, 0]]),
    "REDUCE_ANY": lambda tf, x: tf.cast(tf.reduce_any(x > 1, axis=2), tf.float32),
    "REDUCE_MAX": lambda tf, x: tf.reduce_max(x, axis=2),
    "REDUCE_MIN": lambda tf, x: tf.reduce_min(x, axis=1),
    "RELU": lambda tf, x: tf.nn.relu(x),
    "RESHAPE": lambda tf, x: tf.reshape(x, [3, 8]),
    "REVERSE_V2": lambda tf, x: tf.reverse(x, axis=[1]),
    "ROUND": lambda tf, x: tf.round(x * 4) + tf.round(tf.zeros_like(x) + 2.5),
    "RSQRT": lambda tf, x: tf.math.rsqrt(1 + tf.abs(x)),
    "SELECT_V2": lambda tf, x: tf.where(x[:, :, :1] > 0, x, 2.0),
    "SIGN": lambda tf, x: tf.sign(x),
    "SLICE": lambda tf, x: tf.slice(x, [0, 1, 2], [1, 2, 3]),
    "SOFTMAX": lambda tf, x: tf.nn.softmax(x),
    "SPLIT": lambda tf, x: tf.exp(tf.split(x, 3, axis=2)[1]),
    "SQRT": lambda tf, x: tf.sqrt(tf.abs(x)),
    "SQUARE": lambda tf, x: tf.square(x),
    "SQUARED_DIFFERENCE": lambda tf, x: tf.math.squared_difference(x, x[:, :1]),
    "SQUEEZE": lambda tf, x: tf.squeeze(x * 2, axis=0),
    "STRIDED_SLICE": lambda tf, x: x[:, ::2, 1:-1] + x[:, :2, None, -1],
    "SUB": lambda tf, x: x - x[:, :1],
    "SUM": lambda tf, x: tf.reduce_sum(x, axis=1),
    "TANH": lambda tf, x: tf.tanh(x),
    "TILE": lambda tf, x: tf.tile(x, [1, 2, 3]),
    "TOPK_V2": lambda tf, x: sum(
        tf.cast(part, tf.float32) for part in tf.math.top_k(x, 3)
    ),
    "TRANSPOSE": lambda tf, x: tf.transpose(x, [2, 0, 1]),
    "UNPACK": lambda tf, x: tf.unstack(x, axis=1)[2] * 2,
}  # fmt: skip

PICTURES: dict[str, Function] = {
    "AVERAGE_POOL_2D": lambda tf, x: tf.nn.avg_pool2d(x, 2, 2, "VALID"),
    "BATCH_TO_SPACE_ND": lambda tf, x: tf.batch_to_space(
        tf.space_to_batch(x, [2, 3], [[1, 1], [0, 0]]) * 2.0, [2, 3], [[1, 1], [0, 0]]
    ),
    "SPACE_TO_BATCH_ND": lambda tf, x: tf.space_to_batch(x, [2, 3], [[1, 1], [0, 0]]),
    "MAX_POOL_2D": lambda tf, x: tf.nn.max_pool2d(x, 3, 2, "SAME"),
}


@pytest.mark.parametrize("name", [*FUNCTIONS, *PICTURES])
def test_each_operator(name: str) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    from ser.exporting.onnx import to_onnx

    tf = tensorflow()
    x = PICTURE if name in PICTURES else X
    function = {**FUNCTIONS, **PICTURES}[name]
    part = convert(tf, lambda x: {"y": function(tf, x)}, {"x": x.shape})
    builder = GraphBuilder("test")
    (answer,) = builder.add_network(part, {"x": builder.add_input("x", x.shape)}).values()
    network = builder.finish(answer, "answer")
    # LiteRT's converter has made something else of these.
    replaced = ("EXPAND_DIMS", "SELECT_V2", "SLICE", "SQUEEZE")
    assert name in operator_names(network) or name in replaced
    session = runtime.InferenceSession(to_onnx(network, {}), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x})
    np.testing.assert_allclose(found, LiteRTRunner("test", network)({"x": x}), rtol=1e-5, atol=1e-6)


def test_operators_without_a_case_of_their_own_are_tested_elsewhere() -> None:
    # Products and convolutions have a file of their own, whole networks have constants, and casts
    # are in many of these cases.
    others = {"CAST", "CONV_2D", "FILL", "FULLY_CONNECTED", "SELECT", "ZEROS_LIKE"}
    assert set(TRANSLATORS) == {*FUNCTIONS, *PICTURES} | others


def test_an_approximate_gelu_is_refused() -> None:
    with pytest.raises(KeyError, match="GELU"):
        TRANSLATORS["GELU"](None, SimpleNamespace(approximate=True), [0], [1])  # type: ignore[arg-type]
