"""The constants of an ONNX graph."""

from __future__ import annotations

import numpy as np
import pytest
from exported import tensorflow

from ser.exporting.graph import GraphBuilder
from ser.exporting.onnx_graph import OnnxGraph
from ser.exporting.parts import convert

pytest.importorskip("onnx", reason="onnx is not installed")


def test_equal_constants_are_stored_once() -> None:
    from ai_edge_litert import schema_py_generated as schema

    part = convert(tensorflow(), lambda x: {"y": x + 1.0}, {"x": (1, 4)})
    builder = GraphBuilder("test")
    answer = builder.add_network(part, {"x": builder.add_input("samples", (1, 4))})["y"]
    network = builder.finish(answer, "answer")
    graph = OnnxGraph(schema.ModelT.InitFromPackedBuf(network, 0))
    first = graph.constant(np.float32(2))
    assert graph.constant(np.float32(2)) == first
    # A single number is no list of one, and whole numbers are others.
    assert len({first, graph.constant(np.float32([2])), graph.constant(np.int32(2))}) == 3
