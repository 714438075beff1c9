"""Graphs of LiteRT networks: joined to one, with everything computed that does not depend on input.

The schema is that of TensorFlow Lite's FlatBuffers, with whose classes `ai_edge_litert` comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ser.arrays import Array
from ser.models.backend import quiet_stderr

# Constants that are computed from others are stored up to so many numbers: larger ones would cost
# more to store than to compute.
_LARGEST_FOLDED = 4096
_IDENTIFIER = b"TFL3"


class GraphBuilder:
    """Joins networks to one graph.

    Args:
        name: What the graph is called.
    """

    def __init__(self, name: str) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema = schema
        graph = schema.SubGraphT()
        graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], []
        model = schema.ModelT()
        model.version, model.description = 3, name
        model.operatorCodes, model.subgraphs = [], [graph]
        model.buffers = [schema.BufferT()]
        self._model, self._graph = model, graph

    def add_input(self, name: str, shape: Sequence[int]) -> int:
        """Adds an input of single precision, and gives its tensor."""
        self._graph.inputs.append(self._add_tensor(name, shape, 0))
        return int(self._graph.inputs[-1])

    def add_zeros(self, name: str, shape: Sequence[int]) -> int:
        """Adds a constant tensor of zeros, and gives it."""
        buffer = self._schema.BufferT()
        buffer.data = np.zeros(4 * int(np.prod(shape)), np.uint8)
        self._model.buffers.append(buffer)
        return self._add_tensor(name, shape, len(self._model.buffers) - 1)

    def add_network(self, network: bytes, inputs: Mapping[str, int]) -> dict[str, int]:
        """Adds a network behind tensors.

        Args:
            network: The contents of a ``.tflite`` file.
            inputs: The tensors that it reads, by the names of its inputs; those that it does not
                have are left out. A network with one input need not call it by this name.

        Returns:
            Its outputs, by their names in its signature; by their numbers where it has none.
        """
        schema, model = self._schema, self._model
        other = schema.ModelT.InitFromPackedBuf(network, 0)
        buffers, codes = len(model.buffers), len(model.operatorCodes)
        subgraphs = len(model.subgraphs) - 1
        model.buffers += other.buffers
        model.operatorCodes += other.operatorCodes
        for graph in other.subgraphs:
            for tensor in graph.tensors:
                tensor.buffer += buffers
                tensor.shapeSignature = None
            for operator in graph.operators:
                operator.opcodeIndex += codes
                _renumber_subgraphs(operator.builtinOptions, subgraphs)
        first = other.subgraphs[0]
        model.subgraphs += other.subgraphs[1:]
        base = len(self._graph.tensors)
        places = {number: number + base for number in range(len(first.tensors))}
        self._graph.tensors += first.tensors
        for number in first.inputs:
            name = input_name(first.tensors[number].name)
            places[number] = next(iter(inputs.values())) if len(inputs) == 1 else inputs[name]
        places[-1] = -1
        for operator in first.operators:
            operator.inputs = [places[number] for number in operator.inputs]
            operator.outputs = [places[number] for number in operator.outputs]
        self._graph.operators += first.operators
        for signature in other.signatureDefs or ():
            return {entry.name.decode(): places[entry.tensorIndex] for entry in signature.outputs}
        return {str(k): places[number] for k, number in enumerate(first.outputs)}

    def finish(self, output: int, name: str) -> bytes:
        """Gives the network, folded and without what the output does not need."""
        self._graph.outputs = [output]
        self._graph.tensors[output].name = name
        signature = self._schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = "serving_default", 0
        signature.inputs, signature.outputs = [], []
        for tensors, maps in (
            (self._graph.inputs, signature.inputs),
            (self._graph.outputs, signature.outputs),
        ):
            for tensor in tensors:
                entry = self._schema.TensorMapT()
                entry.name, entry.tensorIndex = self._graph.tensors[tensor].name, tensor
                maps.append(entry)
        self._model.signatureDefs = [signature]
        self._fold()
        self._compact()
        return _pack(self._model)

    def _add_tensor(self, name: str, shape: Sequence[int], buffer: int) -> int:
        tensor = self._schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), buffer
        tensor.type = self._schema.TensorType.FLOAT32
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _fold(self) -> None:
        """Stores what does not depend on the input, and the shapes as they turn out to be."""
        shapes, values = _run_once(_pack(self._model))
        schema, model, graph = self._schema, self._model, self._graph
        constant = {
            number
            for number, tensor in enumerate(graph.tensors)
            if model.buffers[tensor.buffer].data is not None
        } | {-1}
        kept = []
        shape_code = schema.BuiltinOperator.SHAPE
        keep_code = schema.BuiltinOperator.DEQUANTIZE
        for operator in graph.operators:
            code = builtin_code(model.operatorCodes[operator.opcodeIndex])
            known = code == shape_code or constant.issuperset(operator.inputs)
            small = all(
                np.prod(shapes[number], dtype=np.int64) <= _LARGEST_FOLDED
                for number in operator.outputs
            )
            if not known or not small or code == keep_code:
                kept.append(operator)
                continue
            for number in operator.outputs:
                buffer = schema.BufferT()
                buffer.data = np.frombuffer(values(number).tobytes(), np.uint8)
                model.buffers.append(buffer)
                graph.tensors[number].buffer = len(model.buffers) - 1
                constant.add(number)
        graph.operators = kept
        for number, tensor in enumerate(graph.tensors):
            tensor.shape = list(shapes[number])

    def _compact(self) -> None:
        """Leaves out operators, tensors, buffers and kinds of operators that nothing needs."""
        model, graph = self._model, self._graph
        needed = {int(number) for number in [*graph.inputs, *graph.outputs]}
        kept = []
        for operator in reversed(graph.operators):
            if needed.isdisjoint(operator.outputs):
                continue
            kept.append(operator)
            needed.update(map(int, [*operator.inputs, *operator.outputs]))
        graph.operators = kept[::-1]
        places = {number: k for k, number in enumerate(sorted(needed - {-1}))} | {-1: -1}
        graph.tensors = [graph.tensors[number] for number in sorted(needed - {-1})]
        graph.inputs = [places[number] for number in graph.inputs]
        graph.outputs = [places[number] for number in graph.outputs]
        for operator in graph.operators:
            operator.inputs = [places[number] for number in operator.inputs]
            operator.outputs = [places[number] for number in operator.outputs]
        for signature in model.signatureDefs:
            for entry in [*signature.inputs, *signature.outputs]:
                entry.tensorIndex = places[entry.tensorIndex]
        self._share_buffers()
        self._share_codes()

    def _share_buffers(self) -> None:
        """Stores equal constants once."""
        model = self._model
        found = [model.buffers[0]]
        known: dict[bytes, int] = {}
        for graph in model.subgraphs:
            for tensor in graph.tensors:
                data = model.buffers[tensor.buffer].data
                if data is None:
                    tensor.buffer = 0
                    continue
                key = bytes(np.asarray(data, np.uint8))
                if key not in known:
                    known[key] = len(found)
                    found.append(model.buffers[tensor.buffer])
                tensor.buffer = known[key]
        model.buffers = found

    def _share_codes(self) -> None:
        """Names each kind of operator once."""
        model = self._model
        known: dict[tuple[int, int], int] = {}
        found: list[Any] = []
        for graph in model.subgraphs:
            for operator in graph.operators:
                code = model.operatorCodes[operator.opcodeIndex]
                key = (builtin_code(code), code.version)
                if key not in known:
                    known[key] = len(found)
                    found.append(code)
                operator.opcodeIndex = known[key]
        model.operatorCodes = found


def input_name(name: bytes | str) -> str:
    """Gives what an input is called: the exporter calls it ``serving_default_NAME:0``."""
    text = name.decode() if isinstance(name, bytes) else name
    return text.removeprefix("serving_default_").partition(":")[0]


def builtin_code(code: Any) -> int:
    """Gives the kind of an operator; small numbers stand where older readers look for them."""
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def operator_names(network: bytes) -> list[str]:
    """Lists the kinds of operators of a network, each once."""
    from ai_edge_litert import schema_py_generated as schema

    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    model = schema.ModelT.InitFromPackedBuf(network, 0)
    return sorted({names[builtin_code(code)] for code in model.operatorCodes})


def _renumber_subgraphs(options: Any, offset: int) -> None:
    """Moves the numbers of the subgraphs that a loop or a branch runs."""
    for name in (
        "condSubgraphIndex", "bodySubgraphIndex", "thenSubgraphIndex", "elseSubgraphIndex",
        "initSubgraphIndex",
    ):  # fmt: skip
        if hasattr(options, name):
            setattr(options, name, getattr(options, name) + offset)


def _pack(model: Any) -> bytes:
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), file_identifier=_IDENTIFIER)
    return bytes(builder.Output())


def _run_once(network: bytes) -> tuple[list[tuple[int, ...]], Any]:
    """Runs a network on silence; gives its tensors' shapes, and a function to their values."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    with quiet_stderr():
        interpreter = Interpreter(
            model_content=network,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            experimental_preserve_all_tensors=True,
        )
        interpreter.allocate_tensors()
        for entry in interpreter.get_input_details():
            interpreter.set_tensor(entry["index"], np.zeros(entry["shape"], entry["dtype"]))
        interpreter.invoke()
    details = {entry["index"]: entry for entry in interpreter.get_tensor_details()}
    count = 1 + max(details)
    shapes = [
        tuple(map(int, details[number]["shape"])) if number in details else ()
        for number in range(count)
    ]

    def value(number: int) -> Array:
        found: Array = interpreter.get_tensor(number)
        return found

    return shapes, value
