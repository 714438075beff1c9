"""The picture of a network holds every layer, with shapes and parameters, however it is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from spoken import Small

from ser.errors import SerError
from ser.models.base import Problem
from ser.models.registry import make_architecture
from ser.viz.layers import count_parameters, read_layers
from ser.viz.network import draw_network


def words(target: Path) -> list[str]:
    return re.findall(r">([^<>\n]+)<", target.read_text(encoding="utf-8"))


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
    assert count_parameters(layers) == model.count_params()
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
