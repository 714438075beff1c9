"""Operators of LiteRT that move numbers and compute none, in terms of ONNX's."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.exporting.onnx_graph import OnnxGraph, activate


def fixed(graph: OnnxGraph, tensor: int) -> Any:
    """Gives the numbers of a tensor that ONNX needs beforehand."""
    values = graph.value(tensor)
    if values is None:
        raise KeyError("an operator whose parameters depend on the input")
    return values


def reshape(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds another shape of the same numbers."""
    shape = graph.constant(np.array(graph.shape(outputs[0]), np.int64))
    graph.add("Reshape", [graph.name(inputs[0]), shape], graph.name(outputs[0]))


def transpose(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds another order of the axes."""
    order = fixed(graph, inputs[1]).tolist()
    graph.add("Transpose", [graph.name(inputs[0])], graph.name(outputs[0]), perm=order)


def concatenate(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Joins tensors along an axis."""
    found = graph.add("Concat", [graph.name(number) for number in inputs], axis=options.axis)
    activate(graph, options, found, outputs[0])


def pack(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Joins tensors along a new axis."""
    axis = graph.constant(np.array([options.axis], np.int64))
    rows = [graph.add("Unsqueeze", [graph.name(number), axis]) for number in inputs]
    graph.add("Concat", rows, graph.name(outputs[0]), axis=options.axis)


def unpack(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Divides a tensor along an axis that is left out."""
    parts = [graph.new_name() for _ in outputs]
    graph.add_many(
        "Split", [graph.name(inputs[0])], parts, axis=options.axis, num_outputs=len(outputs)
    )
    axis = graph.constant(np.array([options.axis], np.int64))
    for part, output in zip(parts, outputs, strict=True):
        graph.add("Squeeze", [part, axis], graph.name(output))


def cut_slice(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Cuts a part of a given size out."""
    begin = fixed(graph, inputs[1]).astype(np.int64)
    _cut(graph, inputs, outputs, begin, begin + graph.shape(outputs[0]), np.ones_like(begin))


def strided_slice(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Cuts a part out, perhaps with steps, and leaves out axes of one number."""
    size = graph.shape(inputs[0])
    begin, end, step = (fixed(graph, number).astype(np.int64) for number in inputs[1:4])
    begin, end = begin.copy(), end.copy()
    for axis in range(len(begin)):
        bit = 1 << axis
        if options.beginMask & bit:
            begin[axis] = 0 if step[axis] > 0 else size[axis] - 1
        if options.endMask & bit:
            end[axis] = size[axis] if step[axis] > 0 else -size[axis] - 1
        if options.shrinkAxisMask & bit:
            begin[axis] += size[axis] if begin[axis] < 0 else 0
            end[axis] = begin[axis] + 1
    _cut(graph, inputs, outputs, begin, end, step)


def _cut(
    graph: OnnxGraph, inputs: list[int], outputs: list[int], begin: Any, end: Any, step: Any
) -> None:
    axes = np.arange(len(begin), dtype=np.int64)
    x = graph.add("Slice", [graph.name(inputs[0]), *map(graph.constant, (begin, end, axes, step))])
    _reshape_to(graph, x, outputs[0])


def _reshape_to(graph: OnnxGraph, x: str, output: int) -> None:
    shape = graph.constant(np.array(graph.shape(output), np.int64))
    graph.add("Reshape", [x, shape], graph.name(output))


def pad(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds zeros around."""
    amounts = graph.constant(fixed(graph, inputs[1]).T.ravel().astype(np.int64))
    zero = graph.constant(np.zeros((), graph.kind(inputs[0])))
    graph.add("Pad", [graph.name(inputs[0]), amounts, zero], graph.name(outputs[0]))


def gather(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Picks parts along an axis, or numbers of each row."""
    names = [graph.name(number) for number in inputs[:2]]
    if options.batchDims == 0:
        graph.add("Gather", names, graph.name(outputs[0]), axis=options.axis)
        return
    flat = len(graph.shape(inputs[0])) == len(graph.shape(inputs[1])) == 2
    if not flat or options.batchDims != 1 or options.axis != 1:
        raise KeyError("GATHER of a batch of matrices")
    graph.add("GatherElements", names, graph.name(outputs[0]), axis=1)


def reverse(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Turns axes around."""
    axes = np.atleast_1d(fixed(graph, inputs[1])).astype(np.int64)
    size = np.array(graph.shape(inputs[0]), np.int64)[axes]
    ends = (size - 1, -size - 1, axes, np.full_like(axes, -1))
    graph.add("Slice", [graph.name(inputs[0]), *map(graph.constant, ends)], graph.name(outputs[0]))


def split(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Divides a tensor into equal parts."""
    axis = int(np.ravel(fixed(graph, inputs[0]))[0])
    names = [graph.name(number) for number in outputs]
    graph.add_many("Split", [graph.name(inputs[1])], names, axis=axis, num_outputs=len(names))


def tile(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Repeats a tensor."""
    times = graph.constant(fixed(graph, inputs[1]).astype(np.int64))
    graph.add("Tile", [graph.name(inputs[0]), times], graph.name(outputs[0]))


def fill(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Adds a constant tensor: of zeros, or of the number of the second input."""
    number = fixed(graph, inputs[1]) if len(inputs) > 1 else 0
    values = np.full(graph.shape(outputs[0]), number, graph.kind(outputs[0]))
    graph.add("Identity", [graph.constant(values)], graph.name(outputs[0]))


def space_to_batch(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Makes a picture of its own of every other sample, as dilated convolutions need it."""
    block, amounts = (fixed(graph, number).astype(np.int64) for number in inputs[1:3])
    shape, count = graph.shape(inputs[0]), len(block)
    around = np.zeros((len(shape), 2), np.int64)
    around[1 : 1 + count] = amounts
    zero = graph.constant(np.zeros((), graph.kind(inputs[0])))
    x = graph.add("Pad", [graph.name(inputs[0]), graph.constant(around.T.ravel()), zero])
    size = np.array(shape) + around.sum(axis=1)
    divided = [int(size[0])]
    for axis in range(count):
        divided += [int(size[1 + axis] // block[axis]), int(block[axis])]
    divided += size[1 + count :].tolist()
    x = graph.add("Reshape", [x, graph.constant(np.array(divided, np.int64))])
    inner = [2 + 2 * axis for axis in range(count)]
    outer = [1 + 2 * axis for axis in range(count)]
    x = graph.add("Transpose", [x], perm=[*inner, 0, *outer, *range(1 + 2 * count, len(divided))])
    _reshape_to(graph, x, outputs[0])


def batch_to_space(graph: OnnxGraph, options: Any, inputs: list[int], outputs: list[int]) -> None:
    """Puts pictures of every other sample together again."""
    block, amounts = (fixed(graph, number).astype(np.int64) for number in inputs[1:3])
    shape, count = graph.shape(inputs[0]), len(block)
    batch = shape[0] // int(block.prod())
    divided = np.array([*block, batch, *shape[1:]], np.int64)
    x = graph.add("Reshape", [graph.name(inputs[0]), graph.constant(divided)])
    order = [count]
    for axis in range(count):
        order += [count + 1 + axis, axis]
    order += range(2 * count + 1, len(divided))
    x = graph.add("Transpose", [x], perm=order)
    whole = [batch, *(np.array(shape[1 : 1 + count]) * block).tolist(), *shape[1 + count :]]
    x = graph.add("Reshape", [x, graph.constant(np.array(whole, np.int64))])
    axes = np.arange(1, 1 + count, dtype=np.int64)
    ends = (amounts[:, 0], np.array(whole)[1 : 1 + count] - amounts[:, 1], axes)
    graph.add("Slice", [x, *map(graph.constant, ends)], graph.name(outputs[0]))
