"""Networks as graphs of layers, and layers as blocks."""

from __future__ import annotations

from typing import Any

from ser.viz.layers import count_parameters, format_shape, group_blocks, read_layers


def test_layers_and_what_connects_them(branched: Any) -> None:
    layers = read_layers(branched)
    assert count_parameters(layers) == branched.count_params()
    known = {layer.kind: layer for layer in layers.values() if layer.kind != "Dense"}
    assert known["Conv1D"].detail == "6, kernel 3, dilation 2"
    assert known["Conv1D"].name == "within"
    assert known["Conv1D"].parameters == 3 * 6 * 6 + 6
    assert known["Conv1D"].shape == (20, 6)
    assert known["Dropout"].detail == "0.25"
    assert known["MaxPooling1D"].detail == "2"
    assert (known["MaxPooling1D"].shape, known["MaxPooling1D"].name) == ((10, 6), "")
    # The inner network is opened: its input is the outer one, its output goes to the sum.
    assert known["Conv1D"].sources == (known["InputLayer"].key,)
    assert known["Add"].sources == (known["Dropout"].key, known["Tanh"].key)
    softmax = list(layers.values())[-1]
    assert (softmax.kind, softmax.detail, softmax.shape) == ("Dense", "4, softmax", (4,))


def test_blocks_begin_with_weights_and_at_branches(branched: Any) -> None:
    blocks = group_blocks(read_layers(branched))
    kinds = [[layer.kind for layer in block.layers] for block in blocks]
    assert sorted(kinds) == sorted([
        ["InputLayer"], ["Conv1D", "Dropout"], ["Dense", "Tanh"],
        ["Add", "BatchNormalization", "MaxPooling1D"], ["LSTM"], ["Dense"],
    ])  # fmt: skip
    add = next(block for block in blocks if block.layers[0].kind == "Add")
    assert sorted(kinds[i] for i in add.sources) == [["Conv1D", "Dropout"], ["Dense", "Tanh"]]
    assert all(source < i for i, block in enumerate(blocks) for source in block.sources)


def test_a_sequential_network(keras: Any) -> None:
    layers = keras.layers
    head = keras.Sequential([layers.Dense(5), layers.ReLU()], name="head")
    model = keras.Sequential([keras.Input((9,)), head, layers.Dense(3)])
    read = list(read_layers(model).values())
    assert [layer.kind for layer in read] == ["InputLayer", "Dense", "ReLU", "Dense"]
    assert [layer.shape for layer in read] == [(9,), (5,), (5,), (3,)]
    assert [layer.parameters for layer in read] == [0, 50, 0, 18]
    assert [block.sources for block in group_blocks(read_layers(model))] == [(), (0,), (1,)]


def test_a_shared_layer_is_counted_once(keras: Any) -> None:
    entry = keras.Input((5,))
    dense = keras.layers.Dense(5)
    model = keras.Model(entry, dense(dense(entry)))
    layers = read_layers(model)
    assert [layer.kind for layer in layers.values()] == ["InputLayer", "Dense", "Dense"]
    assert [len(layer.sources) for layer in layers.values()] == [0, 1, 1]
    assert count_parameters(layers) == model.count_params() == 30


def test_sizes_in_words() -> None:
    assert format_shape((188, 96, 1)) == "188 × 96 × 1"
    assert format_shape((None, 3)) == "? × 3"
