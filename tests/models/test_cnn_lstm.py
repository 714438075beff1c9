"""The convolutions and LSTM layers of cnn-lstm; see test_sequence.py for what it shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sequences import LONG, SEQUENCE, answers, batch, kinds, network

from ser.models.backend import load_keras


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def test_two_lstm_layers_stand_before_the_dense_one(keras: Any) -> None:
    names = kinds(network(keras, "cnn-lstm", SEQUENCE))
    assert names.count("LSTM") == 2
    places = [i for i, kind in enumerate(names) if kind == "LSTM"]
    assert "Conv2D" in names[: places[0]]
    assert "Conv2D" not in names[places[0] :]
    assert "Dense" not in names[: places[1]]
    assert "Dense" in names[places[1] :]


def test_a_long_table_has_no_more_lstm_steps_than_litert_can_bear(keras: Any) -> None:
    model = network(keras, "cnn-lstm", LONG)
    steps = [layer.output.shape[1] for layer in model.layers if type(layer).__name__ == "LSTM"]
    assert steps == [32, 32]
    x = batch(LONG, 2)
    assert np.isfinite(answers(model, x)).all()


def test_the_lstm_starts_where_the_clip_does(keras: Any) -> None:
    # Silence in front would otherwise move the state before the first word.
    model = network(keras, "cnn-lstm", (64, 24))
    lstm = next(layer for layer in model.layers if type(layer).__name__ == "LSTM")
    x = batch((64, 24), 3)
    x[2, :40] = 0
    state = np.asarray(keras.Model(model.input, lstm.output).predict_on_batch(x))
    assert (state[2, : 40 // 8 - 1] == 0).all()
    assert (state[2, -1] != 0).any()
