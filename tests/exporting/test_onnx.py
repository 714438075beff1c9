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
