"""The blocks and scales of tim-net; see test_sequence.py for what it shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sequences import SEQUENCE, answers, batch, network

from ser.models.backend import load_keras


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def test_tim_net_hears_past_and_future_at_every_scale(keras: Any) -> None:
    model = network(keras, "tim-net", SEQUENCE, layers=10)
    dilations = [
        layer.dilation_rate[0]
        for layer in model.layers
        if type(layer).__name__ == "Conv1D" and layer.padding == "causal"
    ]
    # 34 frames: a dilation of 64 would reach nothing. Two convolutions, in both directions.
    assert sorted(dilations) == sorted([1, 2, 4, 8, 16, 32] * 4)
    fusion = model.get_layer("fusion")
    assert [tuple(w.shape) for w in fusion.weights] == [(6, 1)]
    # All scales start alike, and what one of them weighs makes a difference.
    assert (fusion.get_weights()[0] == 1).all()
    before = answers(model, batch(SEQUENCE))
    fusion.set_weights([np.array([[3], [1], [1], [1], [1], [1]], np.float32)])
    assert np.abs(answers(model, batch(SEQUENCE)) - before).max() > 1e-5


def test_tim_net_blocks_are_causal(keras: Any) -> None:
    model = network(keras, "tim-net", SEQUENCE)
    gates = [layer for layer in model.layers if type(layer).__name__ == "Multiply"]
    forwards = gates[1]  # the first one takes padding to zero
    x = batch(SEQUENCE)[2:]
    changed = x.copy()
    changed[:, 20:] += 3
    part = keras.Model(model.input, forwards.output)
    one, other = answers(part, x), answers(part, changed)
    assert one[:, :20] == pytest.approx(other[:, :20], abs=1e-6)
    assert np.abs(one[:, 20:] - other[:, 20:]).max() > 1e-4
