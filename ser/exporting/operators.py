"""The operators of LiteRT in terms of ONNX's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.exporting.onnx_graph import OnnxGraph, Translator, activate, padding
from ser.exporting.products import convolution, fully_connected, matrix_product
from ser.exporting.rearrangement import (
    batch_to_space,
    concatenate,
    cut_slice,
    fill,
    fixed,
    gather,
    pack,
    pad,
    reshape,
    reverse,
    space_to_batch,
    split,
    strided_slice,
    tile,
    transpose,
    unpack,
)


def _unary(name: str) -> Translator:
    def add(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
        graph.add(name, [graph.name(inputs[0])], graph.name(outputs[0]))

    return add


def _binary(name: str) -> Translator:
    def add(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
        found = graph.add(name, [graph.name(number) for number in inputs])
        activate(graph, options, found, outputs[0])

    return add


def _reduction(name: str) -> Translator:
    def add(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
        axes = np.atleast_1d(fixed(graph, inputs[1])).astype(np.int64)
        graph.add(
            name,
            [graph.name(inputs[0]), graph.constant(axes)],
            graph.name(outputs[0]),
            keepdims=int(options.keepDims),
        )

    return add


def _pool(name: str) -> Translator:
    def add(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
        x = graph.add("Transpose", [graph.name(inputs[0])], perm=[0, 3, 1, 2])
        x = graph.add(
            name,
            [x],
            kernel_shape=[options.filterHeight, options.filterWidth],
            strides=[options.strideH, options.strideW],
            auto_pad=padding(graph, options),
        )
        x = graph.add("Transpose", [x], perm=[0, 2, 3, 1])
        activate(graph, options, x, outputs[0])

    return add


def _top_k(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    count = graph.constant(np.atleast_1d(fixed(graph, inputs[1])).astype(np.int64))
    places = graph.new_name()
    graph.add_many("TopK", [graph.name(inputs[0]), count], [graph.name(outputs[0]), places])
    graph.add("Cast", [places], graph.name(outputs[1]), to=_onnx_type(np.int32))


def _arg_max(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    axis = int(np.ravel(fixed(graph, inputs[1]))[0])
    place = graph.add("ArgMax", [graph.name(inputs[0])], axis=axis, keepdims=0)
    graph.add("Cast", [place], graph.name(outputs[0]), to=_onnx_type(graph.kind(outputs[0])))


def _one_hot(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    depth, on, off = (fixed(graph, number) for number in inputs[1:4])
    values = graph.constant(np.array([off, on]).reshape(2))
    size = graph.constant(np.array(depth, np.int64).reshape(1))
    # onnxruntime has it for these types alone.
    places = graph.add("Cast", [graph.name(inputs[0])], to=_onnx_type(np.int64))
    names = [places, size, values]
    graph.add("OneHot", names, graph.name(outputs[0]), axis=options.axis)


def _cumulative_sum(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    graph.add(
        "CumSum",
        [graph.name(number) for number in inputs],
        graph.name(outputs[0]),
        exclusive=int(options.exclusive),
        reverse=int(options.reverse),
    )


def _cast(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    kind = _onnx_type(graph.kind(outputs[0]))
    graph.add("Cast", [graph.name(inputs[0])], graph.name(outputs[0]), to=kind)


def _floor_divide(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    # ONNX cuts quotients of whole numbers off towards zero.
    exact = _onnx_type(np.float64)
    x, y = (graph.add("Cast", [graph.name(number)], to=exact) for number in inputs)
    quotient = graph.add("Floor", [graph.add("Div", [x, y])])
    kind = _onnx_type(graph.kind(outputs[0]))
    graph.add("Cast", [quotient], graph.name(outputs[0]), to=kind)


def _square(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    graph.add("Mul", [graph.name(inputs[0])] * 2, graph.name(outputs[0]))


def _squared_difference(
    graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]
) -> None:
    difference = graph.add("Sub", [graph.name(number) for number in inputs])
    graph.add("Mul", [difference, difference], graph.name(outputs[0]))


def _reciprocal_root(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    root = graph.add("Sqrt", [graph.name(inputs[0])])
    graph.add("Reciprocal", [root], graph.name(outputs[0]))


def _gelu(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    if options.approximate:
        raise KeyError("GELU by hyperbolic tangents")
    x = graph.name(inputs[0])
    scaled = graph.add("Mul", [x, graph.constant(np.float32(0.5**0.5))])
    share = graph.add("Add", [graph.add("Erf", [scaled]), graph.constant(np.float32(1))])
    half = graph.add("Mul", [x, graph.constant(np.float32(0.5))])
    graph.add("Mul", [half, share], graph.name(outputs[0]))


def _softmax(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    x = graph.name(inputs[0])
    if options.beta != 1:
        x = graph.add("Mul", [x, graph.constant(np.float32(options.beta))])
    graph.add("Softmax", [x], graph.name(outputs[0]), axis=-1)


def _select(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    graph.add("Where", [graph.name(number) for number in inputs], graph.name(outputs[0]))


def _not_equal(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    equal = graph.add("Equal", [graph.name(number) for number in inputs])
    graph.add("Not", [equal], graph.name(outputs[0]))


def _any(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    # ONNX reduces numbers alone.
    number = graph.add("Cast", [graph.name(inputs[0])], to=_onnx_type(np.float32))
    axes = graph.constant(np.atleast_1d(fixed(graph, inputs[1])).astype(np.int64))
    found = graph.add("ReduceMax", [number, axes], keepdims=int(options.keepDims))
    graph.add("Cast", [found], graph.name(outputs[0]), to=_onnx_type(np.bool_))


def _leaky_relu(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    names = [graph.name(inputs[0])], graph.name(outputs[0])
    graph.add("LeakyRelu", *names, alpha=float(options.alpha))


def _onnx_type(kind: Any) -> int:
    from onnx import helper

    return int(helper.np_dtype_to_tensor_dtype(np.dtype(kind)))


TRANSLATORS: Mapping[str, Translator] = MappingProxyType(
    {
        "ABS": _unary("Abs"),
        "ADD": _binary("Add"),
        "ARG_MAX": _arg_max,
        "AVERAGE_POOL_2D": _pool("AveragePool"),
        "BATCH_MATMUL": matrix_product,
        "BATCH_TO_SPACE_ND": batch_to_space,
        "CAST": _cast,
        "CEIL": _unary("Ceil"),
        "CONCATENATION": concatenate,
        "CONV_2D": convolution,
        "CUMSUM": _cumulative_sum,
        "DIV": _binary("Div"),
        "ELU": _unary("Elu"),
        "EQUAL": _binary("Equal"),
        "EXP": _unary("Exp"),
        "EXPAND_DIMS": reshape,
        "FILL": fill,
        "FLOOR": _unary("Floor"),
        "FLOOR_DIV": _floor_divide,
        "FULLY_CONNECTED": fully_connected,
        "GATHER": gather,
        "GELU": _gelu,
        "GREATER": _binary("Greater"),
        "GREATER_EQUAL": _binary("GreaterOrEqual"),
        "LEAKY_RELU": _leaky_relu,
        "LESS": _binary("Less"),
        "LESS_EQUAL": _binary("LessOrEqual"),
        "LOG": _unary("Log"),
        "LOGICAL_AND": _binary("And"),
        "LOGICAL_OR": _binary("Or"),
        "LOGISTIC": _unary("Sigmoid"),
        "MAXIMUM": _binary("Max"),
        "MAX_POOL_2D": _pool("MaxPool"),
        "MEAN": _reduction("ReduceMean"),
        "MINIMUM": _binary("Min"),
        "MUL": _binary("Mul"),
        "NEG": _unary("Neg"),
        "NOT_EQUAL": _not_equal,
        "ONE_HOT": _one_hot,
        "PACK": pack,
        "PAD": pad,
        "REDUCE_ANY": _any,
        "REDUCE_MAX": _reduction("ReduceMax"),
        "REDUCE_MIN": _reduction("ReduceMin"),
        "RELU": _unary("Relu"),
        "RESHAPE": reshape,
        "REVERSE_V2": reverse,
        "ROUND": _unary("Round"),
        "RSQRT": _reciprocal_root,
        "SELECT": _select,
        "SELECT_V2": _select,
        "SIGN": _unary("Sign"),
        "SLICE": cut_slice,
        "SOFTMAX": _softmax,
        "SPACE_TO_BATCH_ND": space_to_batch,
        "SPLIT": split,
        "SQRT": _unary("Sqrt"),
        "SQUARE": _square,
        "SQUARED_DIFFERENCE": _squared_difference,
        "SQUEEZE": reshape,
        "STRIDED_SLICE": strided_slice,
        "SUB": _binary("Sub"),
        "SUM": _reduction("ReduceSum"),
        "TANH": _unary("Tanh"),
        "TILE": tile,
        "TOPK_V2": _top_k,
        "TRANSPOSE": transpose,
        "UNPACK": unpack,
        "ZEROS_LIKE": fill,
    }
)
"""What adds each operator of LiteRT to an ONNX graph."""
