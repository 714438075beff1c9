"""Networks are joined, and what does not depend on the input is computed beforehand."""

from __future__ import annotations

from typing import Any

import numpy as np
from exported import tensorflow

from ser.exporting.graph import GraphBuilder, input_name, operator_names
from ser.exporting.parts import convert
from ser.models.litert import LiteRTRunner


def network(function: Any, **shapes: tuple[int, ...]) -> bytes:
    return convert(tensorflow(), function, shapes)


def test_two_networks_become_one() -> None:
    tf = tensorflow()
    halves = network(lambda x: {"left": x[:, :2], "right": x[:, 2:] * 2.0}, x=(1, 4))
    product = network(lambda a, b: {"y": tf.exp(a) * b}, a=(1, 2), b=(1, 2))
    builder = GraphBuilder("test")
    parts = builder.add_network(halves, {"x": builder.add_input("samples", (1, 4))})
    # The order of the inputs does not matter, nor one that is not read.
    inputs = {"c": parts["left"], "b": parts["right"], "a": parts["left"]}
    joined = builder.finish(builder.add_network(product, inputs)["y"], "answer")
    x = np.array([[0.5, 1, 2, 3]], np.float32)
    found = LiteRTRunner("joined", joined)({"samples": x})
    np.testing.assert_allclose(found, np.exp(x[:, :2]) * 2 * x[:, 2:], rtol=1e-6)
    names = operator_names(joined)
    assert {"EXP", "MUL"} <= set(names)


def test_constants_are_computed_and_unneeded_operators_left_out() -> None:
    tf = tensorflow()
    # Its shape is known, and half of what it computes is not needed.
    with_shape = network(
        lambda x: {"column": tf.reshape(x, [tf.shape(x)[1], -1]), "sine": tf.sin(x)}, x=(1, 4)
    )
    zeros = network(lambda x, y: {"z": x + tf.cos(y)}, x=(4, 1), y=(1, 3))
    builder = GraphBuilder("test")
    samples = builder.add_input("samples", (1, 4))
    column = builder.add_network(with_shape, {"x": samples})["column"]
    inputs = {"x": column, "y": builder.add_zeros("y", (1, 3))}
    joined = builder.finish(builder.add_network(zeros, inputs)["z"], "answer")
    assert set(operator_names(joined)) <= {"RESHAPE", "ADD"}
    found = LiteRTRunner("joined", joined)({"samples": np.zeros((1, 4), np.float32)})
    np.testing.assert_array_equal(found, np.ones((4, 3)))


def test_the_signature_has_the_names() -> None:
    from ai_edge_litert.interpreter import Interpreter

    builder = GraphBuilder("test")
    double = network(lambda x: {"y": x * 2.0}, x=(1, 3))
    answer = builder.add_network(double, {"x": builder.add_input("samples", (1, 3))})["y"]
    interpreter = Interpreter(model_content=builder.finish(answer, "probabilities"))
    run = interpreter.get_signature_runner()
    found = run(samples=np.ones((1, 3), np.float32))
    np.testing.assert_array_equal(found["probabilities"], [[2, 2, 2]])


def test_names_of_inputs() -> None:
    assert input_name(b"serving_default_features:0") == "features"
    assert input_name("mask") == "mask"
