"""A training step is traced once: at its first use, and never again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ser.models.backend import load_keras
from ser.training.tracing import build_training_state

KERAS = load_keras("cpu")


def counting(outputs: int) -> tuple[Any, list[int]]:
    """Makes a compiled network that counts how often its Python code runs."""
    calls: list[int] = []

    class Counted(KERAS.layers.Dense):  # type: ignore[misc, name-defined]
        def call(self, inputs: Any, training: bool = False) -> Any:
            calls.append(int(training))
            return super().call(inputs)

    entry = KERAS.Input((4,), name="x")
    hidden = Counted(6)(entry)
    names = [f"answer_{number}" for number in range(outputs)]
    answers = {
        name: KERAS.layers.Dense(3, activation="softmax", name=name)(hidden) for name in names
    }
    model = KERAS.Model(entry, answers[names[0]] if outputs == 1 else answers)
    model.compile(
        optimizer=KERAS.optimizers.AdamW(1e-2),
        loss="categorical_crossentropy" if outputs == 1 else dict.fromkeys(names, "mse"),
        metrics=["accuracy"] if outputs == 1 else {name: ["accuracy"] for name in names},
    )
    calls.clear()
    return model, calls


@pytest.mark.skipif(KERAS.backend.backend() != "tensorflow", reason="the others do not trace so")
@pytest.mark.parametrize("outputs", [1, 2])
def test_a_step_is_traced_once(outputs: int, tmp_path: Path) -> None:
    model, calls = counting(outputs)
    before = model.get_weights()
    twin, _ = counting(outputs)
    twin.set_weights(before)
    build_training_state(KERAS, model)
    assert sum(calls) == 0
    for weight, expected in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, expected)
    x, y = np.ones((8, 4), np.float32), np.eye(3, dtype=np.float32)[np.arange(8) % 3]
    truth = y if outputs == 1 else {f"answer_{number}": y for number in range(outputs)}
    weight = np.ones(8, np.float32)
    weights = weight if outputs == 1 else dict.fromkeys(truth, weight)
    first = model.train_on_batch(x, truth, sample_weight=weights, return_dict=True)
    assert sum(calls) == 1
    second = model.train_on_batch(x, truth, sample_weight=weights, return_dict=True)
    assert sum(calls) == 1
    # The figures are those of a network that was not prepared.
    for expected in (first, second):
        found = twin.train_on_batch(x, truth, sample_weight=weights, return_dict=True)
        assert found == pytest.approx(expected)

    model.save(tmp_path / "m.keras")
    kept = [np.asarray(variable) for variable in model.optimizer.variables]
    loaded = KERAS.saving.load_model(
        tmp_path / "m.keras", custom_objects={"Counted": type(model.layers[1])}
    )
    calls.clear()
    build_training_state(KERAS, loaded)
    for variable, value in zip(loaded.optimizer.variables, kept, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)
    loaded.train_on_batch(x, truth, sample_weight=weights, return_dict=True)
    assert sum(calls) == 1
