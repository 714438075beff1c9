"""Matrix products and convolutions of LiteRT in terms of ONNX's operators.

Where the weights have eight bits, LiteRT quantizes the activations while it runs: each row of a
matrix by its own range, and all of a convolution's input by one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.arrays import Array
from ser.exporting.onnx_graph import OnnxGraph, activate, padding

_LEAST, _GREATEST = -128.0, 127.0
# The least range that is divided by.
_SMALLEST = np.float32(1e-30)
# Single precision, as ONNX counts the types of numbers.
_FLOAT = 1


def matrix_product(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds a product of matrices, of which the second may be weights."""
    x = graph.name(inputs[0])
    y = graph.name(inputs[1])
    if graph.kind(inputs[1]) == np.int8:
        x = graph.add("Mul", _quantize(graph, x, axes=[len(graph.shape(inputs[0])) - 1]))
        y = graph.add("Cast", [y], to=_FLOAT)
        y = graph.add("Mul", [y, graph.constant(graph.scales(inputs[1])[0])])
    names = []
    flags = (options.adjX, options.adjY)
    for number, name, turned in zip(inputs, (x, y), flags, strict=True):
        if turned:
            order = list(range(len(graph.shape(number))))
            order[-2:] = order[:-3:-1]
            name = graph.add("Transpose", [name], perm=order)
        names.append(name)
    graph.add("MatMul", names, graph.name(outputs[0]))


def fully_connected(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds a product with weights, (any, inputs) by (outputs, inputs), and a bias."""
    weights = graph.value(inputs[1])
    depth = graph.shape(inputs[1])[1]
    flat = graph.constant(np.array([-1, depth], np.int64))
    x = graph.add("Reshape", [graph.name(inputs[0]), flat])
    if weights is None:
        turned = graph.add("Transpose", [graph.name(inputs[1])], perm=[1, 0])
        x = graph.add("MatMul", [x, turned])
    elif weights.dtype != np.int8:
        x = graph.add("MatMul", [x, graph.constant(weights.T)])
    else:
        whole, scale = _quantize(graph, x, axes=[1])
        stored = _stored_in_eight_bits(graph, weights.T, graph.scales(inputs[1]), axis=1)
        x = graph.add("Mul", [graph.add("MatMul", [whole, stored]), scale])
    if len(inputs) > 2 and inputs[2] >= 0:
        x = graph.add("Add", [x, graph.name(inputs[2])])
    shape = graph.constant(np.array(graph.shape(outputs[0]), np.int64))
    activate(graph, options, graph.add("Reshape", [x, shape]), outputs[0])


def convolution(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds a convolution; LiteRT has channels last, and ONNX first."""
    weights = graph.value(inputs[1])
    if weights is None:
        raise KeyError("CONV_2D with weights that depend on the input")
    x = graph.name(inputs[0])
    weights = weights.transpose(0, 3, 1, 2)
    if weights.dtype == np.int8:
        x = graph.add("Mul", _quantize(graph, x, axes=[1, 2, 3]))
        kernel = _stored_in_eight_bits(graph, weights, graph.scales(inputs[1]), axis=0)
    else:
        kernel = graph.constant(weights)
    x = graph.add("Transpose", [x], perm=[0, 3, 1, 2])
    bias = [graph.name(inputs[2])] if len(inputs) > 2 and inputs[2] >= 0 else []
    x = graph.add(
        "Conv",
        [x, kernel, *bias],
        strides=[options.strideH, options.strideW],
        dilations=[options.dilationHFactor, options.dilationWFactor],
        auto_pad=padding(graph, options),
    )
    activate(graph, options, graph.add("Transpose", [x], perm=[0, 2, 3, 1]), outputs[0])


def _stored_in_eight_bits(graph: OnnxGraph, weights: Array, scales: Array, axis: int) -> str:
    """Stores weights as they are; runtimes multiply them by their scales when they load them.

    Not by DequantizeLinear: onnxruntime makes one operator of that and the product, and quantizes
    the activations in its own way.
    """
    shape = [1] * weights.ndim
    shape[axis] = -1
    scales = np.broadcast_to(scales, weights.shape[axis]).reshape(shape)
    single = graph.add("Cast", [graph.constant(weights)], to=_FLOAT)
    return graph.add("Mul", [single, graph.constant(scales)])


def _quantize(graph: OnnxGraph, x: str, axes: list[int]) -> tuple[str, str]:
    """Quantizes numbers to eight bits by the range over some axes, which includes zero.

    Returns:
        Whole numbers in single precision, relative to what stands for zero, and their scale. In
        single precision sums of their products are as exact, and most runtimes are faster.
    """
    over = graph.constant(np.array(axes, np.int64))
    zero = graph.constant(np.float32(0))
    low = graph.add("Min", [graph.add("ReduceMin", [x, over]), zero])
    high = graph.add("Max", [graph.add("ReduceMax", [x, over]), zero])
    span = graph.add("Max", [graph.add("Sub", [high, low]), graph.constant(_SMALLEST)])
    scale = graph.add("Div", [span, graph.constant(np.float32(_GREATEST - _LEAST))])
    point = graph.add("Sub", [graph.constant(np.float32(_LEAST)), graph.add("Div", [low, scale])])
    ends = [graph.constant(np.float32(end)) for end in (_LEAST, _GREATEST)]
    point = graph.add("Clip", [graph.add("Round", [point]), *ends])
    whole = graph.add("Add", [graph.add("Round", [graph.add("Div", [x, scale])]), point])
    return graph.add("Sub", [graph.add("Clip", [whole, *ends]), point]), scale
