"""The convolutions and pooling of cnn1d; see test_sequence.py for what it shares."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sequences import POOLED, SEQUENCE, answers, kinds, network

from ser.models.backend import load_keras


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def filters(model: Any) -> list[int]:
    return [layer.filters for layer in model.layers if type(layer).__name__ == "Conv1D"]


def test_the_number_of_filters_doubles_up_to_256(keras: Any) -> None:
    model = network(keras, "cnn1d", SEQUENCE, layers=4, filters=64)
    assert filters(model) == [64, 128, 256, 256]
    # More than that from the beginning is kept.
    assert filters(network(keras, "cnn1d", SEQUENCE, layers=2, filters=300)) == [300, 300]


def test_a_sequence_is_summarized_and_a_pooled_table_is_flattened(keras: Any) -> None:
    sequence = kinds(network(keras, "cnn1d", SEQUENCE))
    assert "GlobalMaxPooling1D" in sequence
    pooled = kinds(network(keras, "cnn1d", POOLED))
    assert "GlobalMaxPooling1D" not in pooled
    assert pooled.count("Flatten") == 1


def test_where_something_is_said_does_not_matter(keras: Any) -> None:
    # Whole strides of both poolings, and padding on both sides.
    model = network(keras, "cnn1d", (64, 24), layers=2, dropout=0.0)
    x = np.zeros((2, 64, 24), np.float32)
    sound = np.random.default_rng(0).normal(-40, 3, (16, 24))
    x[0, 16:32] = x[1, 32:48] = sound
    one, other = answers(model, x)
    assert one == pytest.approx(other, abs=1e-5)
    assert np.ptp(one) > 1e-4
