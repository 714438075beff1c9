"""An ONNX graph that grows while a network for LiteRT is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ser.arrays import Array

OPSET = 18
"""The version of ONNX's operators; onnxruntime 1.14 is the first that knows it."""

_IR_VERSION = 8


class OnnxGraph:
    """An ONNX graph that grows while a network for LiteRT is read.

    Args:
        model: The network as the classes of its schema give it.
    """

    def __init__(self, model: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema
        from onnx import helper, numpy_helper

        self._helper, self._numpy = helper, numpy_helper
        self.schema = schema
        self._model, self._graph = model, model.subgraphs[0]
        self._kinds = {
            schema.TensorType.FLOAT32: np.float32,
            schema.TensorType.INT32: np.int32,
            schema.TensorType.INT64: np.int64,
            schema.TensorType.INT8: np.int8,
            schema.TensorType.BOOL: np.bool_,
        }
        self.nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._count = 0

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Gives the shape of a tensor of the network."""
        return tuple(map(int, self._graph.tensors[tensor].shape))

    def kind(self, tensor: int) -> Any:
        """Gives the type of a tensor's numbers as NumPy has it."""
        return self._kinds[self._graph.tensors[tensor].type]

    def scales(self, tensor: int) -> Array:
        """Gives the scales of quantized numbers, one for all or for each along the first axis."""
        return np.asarray(self._graph.tensors[tensor].quantization.scale, np.float32)

    def value(self, tensor: int) -> Array | None:
        """Gives the numbers of a constant tensor, or None where it depends on the input."""
        data = self._model.buffers[self._graph.tensors[tensor].buffer].data
        if data is None:
            return None
        raw = np.asarray(data, np.uint8).tobytes()
        return np.frombuffer(raw, self.kind(tensor)).reshape(self.shape(tensor))

    def name(self, tensor: int) -> str:
        """Gives the name of a tensor in the ONNX graph; constants are stored when first named."""
        values = self.value(tensor)
        if values is not None:
            return self.constant(values)
        if tensor in self._graph.inputs or tensor in self._graph.outputs:
            return str(self._graph.tensors[tensor].name.decode())
        return f"t{tensor}"

    def constant(self, values: Any) -> str:
        """Stores a constant, once for equal ones, and gives its name."""
        array = np.asarray(values, order="C")  # keeps single numbers single
        key = f"{array.dtype}{array.shape}{array.tobytes()!r}"
        if key not in self._constants:
            name = f"c{len(self._constants)}"
            self._constants[key] = self._numpy.from_array(array, name)
        return str(self._constants[key].name)

    def add(self, operator: str, inputs: Sequence[str], output: str = "", **values: Any) -> str:
        """Adds an operator with one output, and gives that.

        Args:
            operator: Its name in ONNX.
            inputs: Names of tensors.
            output: The name of its output; a new one where empty.
            **values: Its attributes.
        """
        return self.add_many(operator, inputs, [output or self.new_name()], **values)[0]

    def add_many(
        self, operator: str, inputs: Sequence[str], outputs: Sequence[str], **values: Any
    ) -> list[str]:
        """Adds an operator with named outputs, and gives those."""
        self.nodes.append(self._helper.make_node(operator, list(inputs), list(outputs), **values))
        return list(outputs)

    def new_name(self) -> str:
        """Gives a name that no tensor has."""
        self._count += 1
        return f"n{self._count}"

    def finish(self, properties: Mapping[str, str]) -> bytes:
        """Gives the contents of an ``.onnx`` file with properties of the model."""
        helper = self._helper

        def describe(tensors: Sequence[int]) -> list[Any]:
            return [
                helper.make_tensor_value_info(
                    self.name(number),
                    helper.np_dtype_to_tensor_dtype(np.dtype(self.kind(number))),
                    self.shape(number),
                )
                for number in tensors
            ]

        graph = helper.make_graph(
            self.nodes,
            self._model.description.decode(),
            describe(self._graph.inputs),
            describe(self._graph.outputs),
            list(self._constants.values()),
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION
        )
        model.producer_name = "ser"
        helper.set_model_props(model, dict(properties))
        content: bytes = model.SerializeToString()
        return content


Translator = Callable[[OnnxGraph, Any, list[int], list[int]], None]
"""Adds an operator of LiteRT: the graph, its options, its inputs and its outputs."""


def activate(graph: OnnxGraph, options: Any, found: str, output: int) -> None:
    """Adds the activation that an operator has built in, or gives its answer another name."""
    kinds = graph.schema.ActivationFunctionType
    kind = getattr(options, "fusedActivationFunction", kinds.NONE)
    name = graph.name(output)
    if kind == kinds.RELU6:
        graph.add("Clip", [found, *map(graph.constant, map(np.float32, (0, 6)))], name)
    else:
        known = {kinds.NONE: "Identity", kinds.RELU: "Relu", kinds.TANH: "Tanh"}
        graph.add(known[kind], [found], name)


def padding(graph: OnnxGraph, options: Any) -> str:
    """Gives how a convolution or a pool is padded."""
    return "SAME_UPPER" if options.padding == graph.schema.Padding.SAME else "VALID"
