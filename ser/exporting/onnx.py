"""From a network for LiteRT to ONNX, operator by operator.

Networks with eight-bit weights quantize their activations row by row while they run. Converters
give them up for single precision, whose answers differ; here they are written out.
"""

from __future__ import annotations

from collections.abc import Mapping

from ser.exporting.graph import builtin_code
from ser.exporting.onnx_graph import OnnxGraph
from ser.exporting.operators import TRANSLATORS


def to_onnx(network: bytes, properties: Mapping[str, str]) -> bytes:
    """Translates a network for LiteRT.

    Args:
        network: The contents of a ``.tflite`` file, of one graph with fixed shapes.
        properties: Texts by name that are stored with it.

    Returns:
        The contents of an ``.onnx`` file.

    Raises:
        KeyError: It has an operator that is not among `TRANSLATORS`.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(network, 0)
    graph = OnnxGraph(model)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    for operator in model.subgraphs[0].operators:
        code = names[builtin_code(model.operatorCodes[operator.opcodeIndex])]
        TRANSLATORS[code](
            graph,
            operator.builtinOptions,
            list(map(int, operator.inputs)),
            list(map(int, operator.outputs)),
        )
    return graph.finish(properties)
