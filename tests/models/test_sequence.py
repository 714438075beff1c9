"""Networks along time: built, saved, converted and trained; their masks for padding."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eager import eager_steps
from isolated import load_without_ser
from sequences import NAMES, POOLED, SEQUENCE, SMALL, answers, batch, kinds, network
from spoken import CONFIG, of_speakers

from ser.dataset.table import Table
from ser.models.backend import load_keras
from ser.models.litert_export import export_litert
from ser.training.loop import TrainingData, train

every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def litert(model: Any, x: Any) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    data = export_litert(model)
    assert data is not None
    # An LSTM that is written out step by step must not write its weights out with it.
    assert len(data) < 4 * model.count_params() + 400_000
    interpreter = Interpreter(model_content=data)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@every
@pytest.mark.parametrize("shape", [SEQUENCE, POOLED], ids=["sequence", "pooled"])
def test_saved_and_converted_it_answers_alike(
    keras: Any, name: str, shape: tuple[int, int], tmp_path: Path
) -> None:
    model = network(keras, name, shape)
    x = batch(shape)
    expected = answers(model, x)
    assert expected.shape == (5, 3)
    assert expected.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # A constant answer would pass all of this.
    assert np.ptp(expected, axis=0).max() > 1e-4
    assert kinds(model)[-1] == "Softmax"
    assert "Lambda" not in kinds(model)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", safe_mode=True)
    assert answers(loaded, x) == pytest.approx(expected, abs=1e-6)
    assert np.abs(litert(model, x) - expected).max() < 1e-4


def test_files_load_without_ser(keras: Any, tmp_path: Path) -> None:
    x = batch(SEQUENCE)
    made = {name: network(keras, name, SEQUENCE) for name in NAMES}
    loaded = load_without_ser(tmp_path, {name: (model, x) for name, model in made.items()})
    for name, model in made.items():
        assert loaded[name].answers == pytest.approx(answers(model, x), abs=1e-6)


@every
def test_what_stands_in_the_padding_does_not_count_twice(keras: Any, name: str) -> None:
    # The same clip with more padding behind it: averages leave it out, whatever its length.
    model = network(keras, name, (64, 24), dropout=0.1)
    x = np.zeros((2, 64, 24), np.float32)
    x[:, :16] = batch((16, 24), 2)[:1] + np.array([0, 5], np.float32)[:, None, None] - 40
    share = keras.Model(model.input, _share(model)).predict_on_batch(x)
    real = np.asarray(share)[0, :, 0]
    assert real.sum() == pytest.approx(1)
    count = round(16 * len(real) / 64)
    assert real[:count] == pytest.approx(1 / count)
    assert real[count:] == pytest.approx(0, abs=1e-9)
    # A clip of zeros alone counts as a whole: nothing is divided by zero.
    assert np.isfinite(answers(model, np.zeros((1, 64, 24), np.float32))).all()


def _share(model: Any) -> Any:
    dot = next(layer for layer in model.layers if type(layer).__name__ == "Dot")
    return dot.input[0]


@every
def test_options_change_the_network(keras: Any, name: str) -> None:
    size = network(keras, name, SEQUENCE).count_params()
    for option in ("layers", "filters", "units"):
        if option in SMALL[name]:
            larger = {option: int(SMALL[name][option] * 1.5)}
            assert network(keras, name, SEQUENCE, **larger).count_params() > size, option
    assert network(keras, name, SEQUENCE, kernel=3).count_params() != (
        network(keras, name, SEQUENCE, kernel=5 if name != "tim-net" else 2).count_params()
    )
    rates = {
        layer.rate
        for layer in network(keras, name, SEQUENCE, dropout=0.33).layers
        if "Dropout" in type(layer).__name__
    }
    assert 0.33 in rates


@every
def test_the_seed_decides_the_weights(keras: Any, name: str) -> None:
    def weights(seed: int) -> list[Any]:
        keras.utils.set_random_seed(seed)
        return list(network(keras, name, SEQUENCE).get_weights())

    first, again, other = weights(3), weights(3), weights(4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@every
def test_it_learns_what_speakers_have_in_common(spoken: Table, name: str) -> None:
    train_on, watched = ("01", "02", "03", "04", "05", "06"), ("07", "08")
    data = TrainingData(spoken, of_speakers(spoken, *train_on), of_speakers(spoken, *watched))
    config = replace(CONFIG, arch=name, epochs=12, options=SMALL[name], lr=5e-3)
    with eager_steps(False):
        history = train(data, config, device="cpu").history
    # Chance is a third.
    assert max(row["val_uar"] for row in history) > 0.7, history
    assert history[-1]["loss"] < history[0]["loss"]
