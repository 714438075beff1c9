"""The convolutional network: built, saved, converted, and loaded where ser is not installed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isolated import load_without_ser

from ser.errors import SerError
from ser.inference.engine import open_runner
from ser.models.artifact import LITERT_MEMBER
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert_export import export_litert
from ser.models.registry import ARCHITECTURES, make_architecture

SHAPES = {"sequence": (34, 24), "long": (301, 64), "short": (16, 5), "pooled": (1, 180)}


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def network(keras: Any, shape: tuple[int, int], classes: int = 3, **options: Any) -> Any:
    rng = np.random.default_rng(1)
    frames, coefficients = shape
    mean = rng.normal(-40, 5, coefficients).astype(np.float32)
    variance = rng.uniform(1, 9, coefficients).astype(np.float32)
    problem = Problem(frames, coefficients, classes, mean, variance)
    return make_architecture("cnn", options).build(keras, problem)


def batch(shape: tuple[int, int], count: int = 5) -> Any:
    return np.random.default_rng(2).normal(-40, 3, (count, *shape)).astype(np.float32)


def layers_of(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))
def test_probabilities_for_every_kind_of_table(keras: Any, shape: tuple[int, int]) -> None:
    model = network(keras, shape)
    answer = np.asarray(model.predict_on_batch(batch(shape)))
    assert answer.shape == (5, 3)
    assert (answer >= 0).all()
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # A constant answer would pass all of that.
    assert np.ptp(answer, axis=0).max() > 1e-4


@pytest.mark.parametrize("shape", [SHAPES["long"], SHAPES["pooled"]])
def test_the_family_is_what_it_says(keras: Any, shape: tuple[int, int]) -> None:
    names = layers_of(network(keras, shape))
    convolutions = [name for name in names if name.startswith("Conv")]
    assert 5 <= len(convolutions) <= 8
    assert names.count("BatchNormalization") >= len(convolutions)
    assert any(name.startswith("MaxPooling") for name in names)
    assert "Dense" in names
    assert names[-1] == "Softmax"
    assert "Lambda" not in names


def test_features_are_standardised_by_what_the_problem_says(keras: Any) -> None:
    frames, coefficients = SHAPES["sequence"]
    x = batch(SHAPES["sequence"])
    with_statistics = network(keras, SHAPES["sequence"])
    mean, variance = np.full(coefficients, 7, np.float32), np.full(coefficients, 4, np.float32)
    other = make_architecture("cnn").build(keras, Problem(frames, coefficients, 3, mean, variance))
    plain = make_architecture("cnn").build(keras, Problem(frames, coefficients, 3))
    assert "Normalization" not in layers_of(plain)
    assert "Normalization" in layers_of(with_statistics)
    other.set_weights(plain.get_weights())
    assert np.asarray(other.predict_on_batch(x)) == pytest.approx(
        np.asarray(plain.predict_on_batch((x - 7) / 2)), abs=1e-5
    )


def without_convolutions(model: Any) -> Any:
    """Leaves nothing of what the convolutions of the pairs find."""
    for layer in model.layers:
        if type(layer).__name__ == "Conv2D" and layer.kernel.shape[:2] == (3, 3):
            first = layer.kernel.shape[2] != layer.kernel.shape[3]
            is_last = layer.kernel.shape[3] == 128
            if not first and not is_last:
                layer.set_weights([np.zeros(layer.kernel.shape)])
    return model


@pytest.fixture(scope="module")
def elsewhere(
    keras: Any, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By network: its answers here, and those of its file in one process without ser."""
    shape = SHAPES["sequence"]
    made = {
        name: (network(keras, SHAPES[name]), batch(SHAPES[name])) for name in ("sequence", "pooled")
    }
    made["residual"] = without_convolutions(network(keras, shape, residual=True)), batch(shape)
    loaded = load_without_ser(tmp_path_factory.mktemp("elsewhere"), made)
    return {
        name: (np.asarray(model.predict_on_batch(x)), loaded[name].answers)
        for name, (model, x) in made.items()
    }


@pytest.mark.parametrize("name", ["sequence", "pooled"])
def test_loads_without_ser_and_in_safe_mode(
    elsewhere: dict[str, tuple[np.ndarray, np.ndarray]], name: str
) -> None:
    here, there = elsewhere[name]
    assert there == pytest.approx(here, abs=1e-6)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("shape", [SHAPES["sequence"], SHAPES["short"], SHAPES["pooled"]])
def test_litert_agrees(keras: Any, shape: tuple[int, int], residual: bool) -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = network(keras, shape, residual=residual)
    data = export_litert(model)
    assert data is not None
    interpreter = Interpreter(model_content=data)
    entry = interpreter.get_input_details()[0]["index"]
    x = batch(shape)
    interpreter.resize_tensor_input(entry, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, x)
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert np.abs(answer - np.asarray(model.predict_on_batch(x))).max() < 1e-5


def test_eight_bits_change_little_and_make_nothing_depend_on_its_neighbours(
    keras: Any, tmp_path: Path
) -> None:
    model = network(keras, SHAPES["sequence"])
    exact, data = export_litert(model), export_litert(model, eight_bits=True)
    assert exact is not None
    assert data is not None
    assert len(data) < 0.4 * len(exact)
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(LITERT_MEMBER, data)
    run = open_runner(path, "litert")
    x = batch(SHAPES["sequence"])
    together = run({"features": x})
    assert np.abs(together - np.asarray(model.predict_on_batch(x))).max() < 0.02
    x[1:] *= 20
    alone = [run({"features": x[i : i + 1]})[0] for i in range(len(x))]
    assert run({"features": x}).tobytes() == np.stack(alone).tobytes()
    assert together[0].tobytes() == alone[0].tobytes()


def test_a_residual_network_has_a_way_past_its_convolutions(
    keras: Any, elsewhere: dict[str, tuple[np.ndarray, np.ndarray]]
) -> None:
    # Without what the convolutions of the pairs find, no more than the shortcuts is left of them.
    plain = without_convolutions(network(keras, SHAPES["sequence"]))
    here, there = elsewhere["residual"]
    x = batch(SHAPES["sequence"])
    assert np.ptp(np.asarray(plain.predict_on_batch(x)), axis=0).max() < 1e-6
    assert np.ptp(here, axis=0).max() > 1e-5
    assert there == pytest.approx(here, abs=1e-6)


def test_only_what_was_measured_goes_in_eight_bits() -> None:
    assert make_architecture("cnn").eight_bits(188)
    assert not make_architecture("cnn").eight_bits(1)
    assert not make_architecture("cnn", {"residual": "true"}).eight_bits(188)


def test_the_seed_decides_the_weights(keras: Any) -> None:
    def weights(seed: int) -> list[Any]:
        keras.utils.set_random_seed(seed)
        return list(network(keras, SHAPES["sequence"]).get_weights())

    first, again, other = weights(3), weights(3), weights(4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_the_registry() -> None:
    assert "cnn" in ARCHITECTURES
    for name, arch in ARCHITECTURES.items():
        assert arch.name == name
        assert arch.summary
        assert make_architecture(name) == arch()
    with pytest.raises(SerError, match="arch=rnn9: is not an architecture; use one of prosody"):
        make_architecture("rnn9")
