"""Networks for the tests of their pictures."""

from __future__ import annotations

from typing import Any

import pytest

from ser.models.backend import load_keras


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
