"""Two experts that vote: what each is told, and that nothing else reaches the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isolated import load_without_ser
from spoken import SLIM

from ser.errors import SerError
from ser.features.prosody.speaker import unknown_baseline
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert_export import export_litert
from ser.models.prosody_cnn import FUNCTIONALS_LAYER, set_lda_weights
from ser.models.registry import make_architecture
from ser.models.svm import FittedSVM
from ser.training.svm import decision_values

FRAMES, COEFFICIENTS, COUNT = 20, 12, 7
Inputs = dict[str, Any]


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def build(
    keras: Any,
    seed: int = 1,
    frames: int = FRAMES,
    machine: FittedSVM | None = None,
    **options: Any,
) -> Any:
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(1)
    problem = Problem(
        frames,
        COEFFICIENTS,
        3,
        functionals=COUNT,
        functional_mean=rng.normal(0, 5, COUNT).astype(np.float32),
        functional_variance=rng.uniform(1, 9, COUNT).astype(np.float32),
    )
    chosen = make_architecture("prosody-cnn", {**SLIM, **options})
    return chosen.network(keras, problem, machine) if machine else chosen.build(keras, problem)


@pytest.fixture(scope="module")
def model(keras: Any) -> Any:
    return build(keras)


def batch(count: int = 5, told: bool = False) -> Inputs:
    rng = np.random.default_rng(2)
    inputs = {
        "features": rng.normal(0, 1, (count, FRAMES, COEFFICIENTS)).astype(np.float32),
        "functionals": rng.normal(0, 5, (count, COUNT)).astype(np.float32),
        "voice": np.stack([unknown_baseline(COUNT)] * count),
    }
    if told:
        inputs["voice"][:, 0] = rng.normal(0, 5, (count, COUNT))
        inputs["voice"][:, 1] = rng.uniform(1, 4, (count, COUNT))
    return inputs


def answers(model: Any, inputs: Inputs) -> Any:
    return np.asarray(model.predict_on_batch(inputs))


def changed(inputs: Inputs, name: str, place: Any, by: float) -> Inputs:
    values = inputs[name].copy()
    values[place] += by
    return {**inputs, name: values}


@pytest.mark.parametrize("told", [False, True])
def test_probabilities(model: Any, told: bool) -> None:
    answer = answers(model, batch(told=told))
    assert answer.shape == (5, 3)
    assert (answer >= 0).all()
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.ptp(answer, axis=0).max() > 1e-3


def test_a_voice_that_is_told_counts(model: Any) -> None:
    plain, told = batch(), batch(told=True)
    assert np.abs(answers(model, told) - answers(model, plain)).max() > 0.01
    # Both halves of it: what is usual, and how much varies.
    higher = changed(told, "voice", (slice(None), 0, slice(1, None)), 3.0)
    steadier = {**told, "voice": told["voice"] * np.array([1, 0.5], np.float32)[:, None]}
    for other in (higher, steadier):
        assert np.abs(answers(model, other) - answers(model, told)).max() > 0.01


def test_functionals_are_read_against_the_voice(model: Any) -> None:
    told = batch(told=True)
    # The same distance from what is usual is the same answer.
    moved = changed(changed(told, "functionals", ..., 2.5), "voice", (slice(None), 0), 2.5)
    assert answers(model, moved) == pytest.approx(answers(model, told), abs=1e-5)
    other = changed(told, "functionals", ..., 2.5)
    assert np.abs(answers(model, other) - answers(model, told)).max() > 0.01


def test_the_level_means_nothing_unless_the_voice_is_told(model: Any) -> None:
    level = (slice(None), 0)
    for decibels in (-60.0, 3.0, 60.0):
        louder = changed(batch(), "functionals", level, decibels)
        assert answers(model, louder) == pytest.approx(answers(model, batch()), abs=1e-5)
        told = batch(told=True)
        louder = changed(told, "functionals", level, decibels)
        assert np.abs(answers(model, louder) - answers(model, told)).max() > 1e-3
    # Every other functional counts in both ways.
    for place in range(1, COUNT):
        for inputs in (batch(), batch(told=True)):
            other = changed(inputs, "functionals", (slice(None), place), 2.0)
            assert np.abs(answers(model, other) - answers(model, inputs)).max() > 1e-4, place


def test_outliers_of_the_measurement_are_cut_off(model: Any) -> None:
    for inputs in (batch(), batch(told=True)):
        far = changed(inputs, "functionals", (slice(None), 3), 1e4)
        farther = changed(inputs, "functionals", (slice(None), 3), 1e8)
        assert answers(model, farther) == pytest.approx(answers(model, far), abs=1e-6)


def test_known_and_unknown_voices_may_stand_in_one_batch(model: Any) -> None:
    plain, told = batch(), batch(told=True)
    mixed = {**plain, "voice": told["voice"] * (np.arange(5, dtype=np.float32) % 2)[:, None, None]}
    expected = np.where(np.arange(5)[:, None] % 2, answers(model, told), answers(model, plain))
    assert answers(model, mixed) == pytest.approx(expected, abs=1e-5)


def test_the_answer_is_a_product_of_two_experts(keras: Any, model: Any) -> None:
    parts = keras.Model(
        model.inputs, [model.get_layer(name).output for name in ("picture", "prosody")]
    )
    for inputs in (batch(), batch(told=True)):
        picture, prosody = (np.asarray(part) for part in parts.predict_on_batch(inputs))
        # Nothing is impossible: each has a millionth more than it says.
        product = ((picture + 1e-6) * (prosody + 1e-6) ** 1.5) ** (1 / 2.5)
        expected = product / product.sum(axis=1, keepdims=True)
        assert answers(model, inputs) == pytest.approx(expected, abs=1e-4)
        # Neither knows what the other sees.
        other = changed(inputs, "features", ..., 1.0)
        assert np.asarray(parts.predict_on_batch(other)[1]) == pytest.approx(prosody, abs=1e-6)
        other = changed(inputs, "functionals", ..., 1.0)
        assert np.asarray(parts.predict_on_batch(other)[0]) == pytest.approx(picture, abs=1e-6)


def test_options_change_the_network(keras: Any, model: Any) -> None:
    heavy = build(keras, prosody_weight=3.0)
    heavy.set_weights(model.get_weights())
    assert np.abs(answers(heavy, batch()) - answers(model, batch())).max() > 1e-3


def test_the_seed_decides_the_weights(keras: Any, model: Any) -> None:
    def same(one: Any, other: Any) -> bool:
        pairs = zip(one.get_weights(), other.get_weights(), strict=True)
        return all(np.array_equal(a, b) for a, b in pairs)

    assert same(build(keras, 1), model)
    assert not same(build(keras, 2), model)


def test_loads_without_ser_and_in_safe_mode(model: Any, tmp_path: Path) -> None:
    assert "Lambda" not in {type(layer).__name__ for layer in model.layers}
    told = {"plain": batch(), "told": batch(told=True)}
    loaded = load_without_ser(tmp_path, {name: (model, x) for name, x in told.items()})
    for name, x in told.items():
        assert loaded[name].answers == pytest.approx(answers(model, x), abs=1e-6)


def test_litert_agrees(model: Any) -> None:
    from ai_edge_litert.interpreter import Interpreter

    data = export_litert(model)
    assert data is not None
    interpreter = Interpreter(model_content=data)
    for count, told in ((5, False), (5, True), (1, True)):
        inputs = batch(count, told)
        for detail in interpreter.get_input_details():
            [name] = [name for name in inputs if detail["name"] == f"serving_default_{name}"]
            interpreter.resize_tensor_input(detail["index"], inputs[name].shape)
        interpreter.allocate_tensors()
        for detail in interpreter.get_input_details():
            [name] = [name for name in inputs if detail["name"] == f"serving_default_{name}"]
            interpreter.set_tensor(detail["index"], inputs[name])
        interpreter.invoke()
        answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        assert np.abs(answer - answers(model, inputs)).max() < 1e-4


def test_clips_are_compared_where_the_voice_is_not_told(keras: Any) -> None:
    rng = np.random.default_rng(3)
    machine = FittedSVM(
        mean=rng.normal(0, 0.1, COUNT - 1).astype(np.float32),
        deviation=rng.uniform(0.5, 1, COUNT - 1).astype(np.float32),
        weights=rng.normal(0, 1, (4, 3)).astype(np.float32),
        intercepts=rng.normal(0, 1, 3).astype(np.float32),
        support=rng.normal(0, 1, (4, COUNT - 1)).astype(np.float32),
        gamma=0.02,
        scale=2.0,
    )
    # What is read linearly is nothing at first, so that prosody is the machine's alone.
    model = build(keras, prosody_classifier="kernel", machine=machine)
    set_lda_weights(model, np.zeros((2 * COUNT + 1, 3)), np.zeros(3))
    names = (FUNCTIONALS_LAYER, "prosody")
    look = keras.Model(model.inputs, [model.get_layer(name).output for name in names])
    seen, prosody = (np.asarray(part) for part in look.predict_on_batch(batch()))
    expected = np.exp(2 * decision_values(machine, seen[:, 1:COUNT].astype(np.float64)))
    expected /= expected.sum(axis=1, keepdims=True)
    assert prosody == pytest.approx(expected, abs=1e-5)
    assert np.ptp(prosody, axis=0).max() > 0.05
    # A voice that is told of is read against itself.
    _, prosody = look.predict_on_batch(batch(told=True))
    assert np.asarray(prosody) == pytest.approx(1 / 3, abs=1e-6)
    # Sums over many clips need more digits than eight bits have.
    assert not make_architecture("prosody-cnn", {"prosody_classifier": "kernel"}).eight_bits(FRAMES)
    assert make_architecture("prosody-cnn").eight_bits(FRAMES)


def test_pooled_tables_work_too(keras: Any) -> None:
    model = build(keras, frames=1)
    inputs = {**batch(), "features": batch()["features"][:, :1]}
    assert answers(model, inputs).sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_without_functionals_there_is_nothing_to_build(keras: Any) -> None:
    with pytest.raises(SerError, match=r"prosody-cnn: .*holds none; .*--functionals prosody"):
        make_architecture("prosody-cnn").build(keras, Problem(FRAMES, COEFFICIENTS, 3))
