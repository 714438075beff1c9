"""A whole network under ONNX, and what is stored with it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from exported import tensorflow

from ser.exporting.graph import GraphBuilder
from ser.exporting.onnx import to_onnx
from ser.exporting.onnx_graph import OPSET
from ser.exporting.parts import convert
from ser.models.artifact import export_litert
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert import LiteRTRunner
from ser.models.registry import make_architecture

onnx = pytest.importorskip("onnx", reason="onnx is not installed")


def network() -> bytes:
    tf = tensorflow()
    table = np.arange(12, dtype=np.float32).reshape(4, 3)
    part = convert(tf, lambda x: {"y": tf.matmul(x, table) + tf.matmul(x, table)}, {"x": (1, 4)})
    builder = GraphBuilder("test")
    (answer,) = builder.add_network(part, {"x": builder.add_input("samples", (1, 4))}).values()
    return builder.finish(answer, "answer")


def test_a_graph_is_whole() -> None:
    model = onnx.load_from_string(to_onnx(network(), {"card": json.dumps({"labels": ["a"]})}))
    onnx.checker.check_model(model, full_check=True)
    assert [entry.name for entry in model.graph.input] == ["samples"]
    assert [entry.name for entry in model.graph.output] == ["answer"]
    assert model.opset_import[0].version == OPSET
    assert {p.key: p.value for p in model.metadata_props} == {"card": '{"labels": ["a"]}'}


@pytest.mark.parametrize("name", ["cnn-lstm", "tim-net"])
def test_networks_with_loops_and_dilated_convolutions(name: str) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    size = {"frames": 24, "coefficients": 8}
    problem = Problem(**size, classes=3, mean=np.zeros(8), variance=np.ones(8))
    part = export_litert(make_architecture(name, {}).build(load_keras("cpu"), problem))
    assert part is not None
    builder = GraphBuilder("test")
    inputs = {"features": builder.add_input("features", (1, 24, 8))}
    (answer,) = builder.add_network(part, inputs).values()
    content = to_onnx(builder.finish(answer, "answer"), {})
    x = np.random.default_rng(0).normal(size=(1, 24, 8)).astype(np.float32)
    session = runtime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"features": x})
    np.testing.assert_allclose(found, LiteRTRunner("test", part)({"features": x}), atol=1e-5)
