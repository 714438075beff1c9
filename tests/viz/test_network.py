"""The picture of a network holds every layer, with shapes and parameters, however it is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from spoken import Small

from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.registry import make_architecture
from ser.viz.layers import gather, read_layers, times, total
from ser.viz.network import draw_network


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


@pytest.fixture(scope="module")
def branched(keras: Any) -> Any:
    """Two ways to a sum, one of them a network of its own, and a function of keras.ops."""
    layers = keras.layers
    inner_entry = keras.Input((20, 6))
    inner = layers.Conv1D(6, 3, padding="causal", dilation_rate=2, name="within")(inner_entry)
    inner = keras.Model(inner_entry, layers.Dropout(0.25)(inner), name="nested")
    entry = keras.Input((20, 6), name="features")
    x = layers.Add(name="both")([inner(entry), keras.ops.tanh(layers.Dense(6)(entry))])
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling1D(2)(x)
    x = layers.LSTM(7)(x)
    return keras.Model(entry, layers.Dense(4, activation="softmax")(x), name="branches")


def words(target: Path) -> list[str]:
    return re.findall(r">([^<>\n]+)<", target.read_text(encoding="utf-8"))


def test_layers_and_what_connects_them(branched: Any) -> None:
    layers = read_layers(branched)
    assert total(layers) == branched.count_params()
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
    blocks = gather(read_layers(branched))
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
    assert [block.sources for block in gather(read_layers(model))] == [(), (0,), (1,)]


def test_a_shared_layer_is_counted_once(keras: Any) -> None:
    entry = keras.Input((5,))
    dense = keras.layers.Dense(5)
    model = keras.Model(entry, dense(dense(entry)))
    layers = read_layers(model)
    assert [layer.kind for layer in layers.values()] == ["InputLayer", "Dense", "Dense"]
    assert [len(layer.sources) for layer in layers.values()] == [0, 1, 1]
    assert total(layers) == model.count_params() == 30


def test_a_picture_holds_its_words(branched: Any, tmp_path: Path) -> None:
    draw_network(tmp_path / "n.svg", branched, subtitle="cnn $x$")
    found = words(tmp_path / "n.svg")
    for word in (
        "branches", "10 layers, 604 parameters · cnn $x$",
        "Conv1D 6, kernel 3, dilation 2  “within”",
        "BatchNormalization", "MaxPooling1D 2", "10 × 6", "LSTM 7, tanh", "Tanh", "Add  “both”",
        "114", "Dense 4, softmax",
    ):  # fmt: skip
        assert word in found, found
    draw_network(tmp_path / "again.svg", branched, subtitle="cnn $x$")
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "n.svg").read_bytes()


@pytest.mark.parametrize("name", ["cnn1d", "tim-net"])
def test_every_layer_of_an_architecture_is_drawn(
    keras: Any, name: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    options = {"layers": 3} if name == "tim-net" else {}
    model = make_architecture(name, options).build(keras, Problem(40, 12, 3))
    layers = read_layers(model)
    assert total(layers) == model.count_params()
    assert {key[0] for key in layers} >= {layer.name for layer in model.layers}
    draw_network(tmp_path / "n.svg", model)
    drawn = words(tmp_path / "n.svg")
    convolutions = [word for word in drawn if word.startswith("Conv1D")]
    assert len(convolutions) == sum(type(x).__name__ == "Conv1D" for x in model.layers)
    assert not [w for w in recwarn if "matplotlib" in str(w.filename)]


def test_png_and_its_size(keras: Any, branched: Any, tmp_path: Path) -> None:
    from matplotlib.image import imread

    draw_network(tmp_path / "n.png", branched)
    draw_network(tmp_path / "s.png", Small().build(keras, Problem(34, 24, 3)))
    large, small = imread(tmp_path / "n.png"), imread(tmp_path / "s.png")
    assert large.shape[0] > small.shape[0] > 200
    assert small.shape[1] > 600
    for pixels in (large, small):
        # Something is drawn, and it ends before the margin.
        assert 0.01 < (pixels[..., :3].min(axis=2) < 0.9).mean() < 0.5
        assert (pixels[-20:, :, :3] == 1).all()
        assert (pixels[:, -20:, :3] == 1).all()


def test_what_cannot_be_drawn_is_named(keras: Any, branched: Any, tmp_path: Path) -> None:
    class Program(keras.Model):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(SerError, match="networks of Keras layers"):
        draw_network(tmp_path / "n.png", Program())
    with pytest.raises(SerError, match=r"end it in \.png or \.svg"):
        draw_network(tmp_path / "n.pdf", branched)
    assert list(tmp_path.iterdir()) == []


def test_sizes_in_words() -> None:
    assert times((188, 96, 1)) == "188 × 96 × 1"
    assert times((None, 3)) == "? × 3"
