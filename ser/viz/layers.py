"""A Keras network as a graph of layers, and its layers grouped to the blocks of a picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ser.errors import SerError

Key = tuple[str, int]
"""A layer's name, behind those of the networks around it, and the number of its call."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network, or one function of ``keras.ops``.

    Attributes:
        key: The layer's key.
        kind: The layer's class, such as ``Conv1D``.
        detail: The layer's sizes in words, such as ``64, kernel 5``.
        name: The layer's name, where somebody gave it one; empty where Keras did.
        shape: Of its output for one example; None where it is not known.
        parameters: The number of its weights; 0 for further calls of a shared layer.
        sources: The layers that its input comes from, in order.
    """

    key: Key
    kind: str
    detail: str = ""
    name: str = ""
    shape: tuple[int | None, ...] | None = None
    parameters: int = 0
    sources: tuple[Key, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Layers one after the other that are drawn as one box, a row each.

    Attributes:
        layers: In their order; a layer with weights and what follows it without any.
        sources: Numbers of the blocks that its first layer's input comes from.
    """

    layers: tuple[Layer, ...]
    sources: tuple[int, ...]


def read_layers(model: Any) -> dict[Key, Layer]:
    """Lists the layers of a network; networks within it are opened.

    Args:
        model: A `keras.Model` made of layers: functional or sequential.

    Returns:
        By key, every layer behind those that its input comes from.

    Raises:
        SerError: The network is not a graph of layers.
    """
    return _sorted(_read(model, "").layers)


def group_blocks(layers: Mapping[Key, Layer]) -> list[Block]:
    """Groups layers to blocks.

    A layer joins the one before it where nothing else is connected in between and it learns
    nothing on its own: normalization, activation, dropout, pooling, reshaping.

    Args:
        layers: From `read_layers`.
    """
    readers = Counter(source for layer in layers.values() for source in layer.sources)
    members: list[list[Layer]] = []
    place: dict[Key, int] = {}
    for layer in layers.values():
        before = layer.sources[0] if len(layer.sources) == 1 else None
        joins = (
            before is not None
            and readers[before] == 1
            and (not layer.parameters or layer.kind.endswith("Normalization"))
            # A block begins with what gives it its color; the input stays alone.
            and layers[before].kind != "InputLayer"
        )
        if before is not None and joins:
            place[layer.key] = place[before]
            members[place[before]].append(layer)
        else:
            place[layer.key] = len(members)
            members.append([layer])
    return [
        Block(tuple(group), tuple(dict.fromkeys(place[key] for key in group[0].sources)))
        for group in members
    ]


@dataclass(slots=True)
class _Graph:
    layers: dict[Key, Layer]
    inputs: list[Key]
    outputs: list[Key]
    # The layer that an outside reference means: for an opened network, one of its outputs.
    names: dict[tuple[str, int, int], Key] = field(default_factory=dict)

    def find(self, name: str, call: int, tensor: int) -> Key:
        return self.names.get((name, call, tensor), (name, call))


def _read(model: Any, prefix: str) -> _Graph:
    try:
        config = model.get_config()
        entries = config["layers"]
    except (AttributeError, KeyError, RuntimeError, TypeError) as error:
        raise SerError(
            "picture of the network", "is possible for networks of Keras layers alone"
        ) from error
    objects = {layer.name: layer for layer in model.layers}
    if "output_layers" not in config:
        return _read_chain(model.layers, prefix, entries)
    graph = _Graph({}, [], [])
    shapes: dict[Key, tuple[int | None, ...]] = {}
    for entry in entries:
        layer = objects.get(entry["name"])
        for call, node in enumerate(entry["inbound_nodes"] or [{}]):
            tensors = list(_tensors(node))
            sources = [(prefix + name, number, tensor) for name, number, tensor, _ in tensors]
            for (name, number, tensor), (*_, shape) in zip(sources, tensors, strict=True):
                shapes[graph.find(name, number, tensor)] = shape
            key = (prefix + entry["name"], call)
            found = tuple(dict.fromkeys(graph.find(*source) for source in sources))
            if isinstance(entry["config"].get("layers"), list) and layer is not None:
                _open(graph, key, found, _read(layer, f"{key[0]}:{call}/"))
            else:
                graph.layers[key] = _layer(key, entry, layer, found, call)
    graph.inputs = [graph.find(prefix + n, c, t) for n, c, t in _places(config["input_layers"])]
    graph.outputs = [graph.find(prefix + n, c, t) for n, c, t in _places(config["output_layers"])]
    for key, tensor in zip(graph.outputs, model.outputs, strict=True):
        shapes[key] = tuple(tensor.shape[1:])
    for key, shape in shapes.items():
        if graph.layers[key].shape is None:
            graph.layers[key] = replace(graph.layers[key], shape=shape)
    return graph


def _read_chain(objects: list[Any], prefix: str, entries: list[dict[str, Any]]) -> _Graph:
    """A sequential network: its configuration names no connections."""
    graph = _Graph({}, [], [])
    settings = {entry["config"]["name"]: entry for entry in entries}
    start = (f"{prefix}input", 0)
    graph.layers[start] = Layer(start, "InputLayer", shape=tuple(objects[0].input.shape[1:]))
    graph.inputs, before = [start], start
    for layer in objects:
        key = (prefix + layer.name, 0)
        entry = {**settings[layer.name], "name": layer.name}
        if isinstance(entry["config"].get("layers"), list):
            _open(graph, key, (before,), _read(layer, f"{key[0]}/"))
            before = graph.find(*key, 0)
            continue
        shape = tuple(layer.output.shape[1:])
        graph.layers[key] = replace(_layer(key, entry, layer, (before,), 0), shape=shape)
        before = key
    graph.outputs = [before]
    return graph


def _open(graph: _Graph, key: Key, sources: tuple[Key, ...], inner: _Graph) -> None:
    """Puts the layers of a network within the network in its place."""
    outside = dict(zip(inner.inputs, sources, strict=True))
    for name, layer in inner.layers.items():
        if name not in outside:
            moved = tuple(outside.get(source, source) for source in layer.sources)
            graph.layers[name] = replace(layer, sources=moved)
    for tensor, output in enumerate(inner.outputs):
        graph.names[(*key, tensor)] = outside.get(output, output)


def _layer(
    key: Key, entry: Mapping[str, Any], layer: Any, sources: tuple[Key, ...], call: int
) -> Layer:
    config = entry["config"]
    kind = str(entry["class_name"])
    name = str(entry["name"])
    given = "" if re.fullmatch(rf"{_snake(kind)}(_\d+)?", name) else name
    counted = layer is not None and call == 0
    # A layer's shape before the batch is known for inputs alone; others say it to their readers.
    shape = config.get("batch_shape")
    return Layer(
        key,
        kind,
        _detail(kind, config),
        given,
        None if shape is None else tuple(shape[1:]),
        int(layer.count_params()) if counted else 0,
        sources,
    )


def _detail(kind: str, config: Mapping[str, Any]) -> str:
    words = []
    for key in ("filters", "units"):
        if isinstance(config.get(key), int):
            words.append(str(config[key]))
    for key, word in (
        ("kernel_size", "kernel "),
        ("pool_size", ""),
        ("strides", "stride "),
        ("dilation_rate", "dilation "),
    ):
        size = config.get(key)
        ordinary = 1 if key in ("strides", "dilation_rate") else 0
        sides = size if isinstance(size, list | tuple) else [size]
        if size is None or all(side == ordinary for side in sides):
            continue
        # A pooling's strides are its size unless somebody says otherwise.
        if key == "strides" and size == config.get("pool_size"):
            continue
        words.append(word + format_shape(sides if len(set(sides)) > 1 else sides[:1]))
    if "Dropout" in kind:
        words.append(f"{config['rate']:g}")
    activation = config.get("activation")
    if isinstance(activation, str) and activation not in ("linear", kind.lower()):
        words.append(activation)
    return ", ".join(words)


def format_shape(sizes: Any) -> str:
    """Writes sizes as ``188 × 64``; a size that is free is a question mark."""
    return " × ".join("?" if size is None else f"{size}" for size in sizes)


def count_parameters(layers: Mapping[Key, Layer]) -> int:
    """Counts the parameters of all layers."""
    return sum(layer.parameters for layer in layers.values())


def _tensors(value: Any) -> Iterator[tuple[str, int, int, tuple[int | None, ...]]]:
    """Finds the tensors among the arguments of a call."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            history = value["config"]["keras_history"]
            yield (*history, tuple(value["config"]["shape"][1:]))
            return
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


def _places(value: Any) -> Iterator[tuple[str, int, int]]:
    """Finds ``[name, call, tensor]`` in lists of lists, or in one of them alone."""
    if isinstance(value, list | tuple) and len(value) == 3 and isinstance(value[0], str):
        yield (value[0], value[1], value[2])
    elif isinstance(value, Mapping):
        yield from _places(list(value.values()))
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _places(part)


def _snake(kind: str) -> str:
    # As Keras makes names of its classes: Conv1D is conv1d, LSTM is lstm, ReLU is re_lu.
    words = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", re.sub(r"\W+", "", kind))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _sorted(layers: dict[Key, Layer]) -> dict[Key, Layer]:
    """Puts every layer behind its sources, and otherwise keeps the order."""
    done: dict[Key, Layer] = {}
    for key in layers:
        # Not by recursion: networks are deeper than Python's stack.
        waiting = [key]
        while waiting:
            missing = [s for s in layers[waiting[-1]].sources if s not in done]
            if missing:
                waiting.extend(missing)
            else:
                last = waiting.pop()
                done[last] = layers[last]
    return done
