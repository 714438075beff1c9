"""The auxiliary-classifier GAN: what its networks take in, give out and keep apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isolated import load_without_ser

from ser.errors import SerError
from ser.models.acgan import ACGAN, EMOTION_OUTPUT, GENERATED_OUTPUT, SOURCE_OUTPUT
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert_export import export_litert
from ser.models.registry import make_architecture

# Neither size is a multiple of the eight that the generator enlarges by.
FRAMES, BANDS, CLASSES = 35, 21, 3
SMALL = ACGAN(noise=8, width=0.25)


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def problem(*, standardised: bool) -> Problem:
    if not standardised:
        return Problem(FRAMES, BANDS, CLASSES)
    mean = np.linspace(-60, -20, BANDS).astype(np.float32)
    return Problem(FRAMES, BANDS, CLASSES, mean, np.full(BANDS, 9, np.float32))


def batch(count: int = 6) -> Any:
    return np.random.default_rng(2).normal(size=(count, FRAMES, BANDS)).astype(np.float32)


def wishes(count: int, length: int = FRAMES) -> list[Any]:
    rng = np.random.default_rng(1)
    place = np.zeros((count, FRAMES, 1), np.float32)
    place[:, :length] = 1
    emotions = np.eye(CLASSES, dtype=np.float32)[np.arange(count) % CLASSES]
    return [rng.standard_normal((count, SMALL.noise), np.float32), emotions, place]


def test_the_discriminator_has_two_heads(keras: Any) -> None:
    said = SMALL.discriminator(keras, problem(standardised=False)).predict_on_batch(batch())
    assert {name: value.shape for name, value in said.items()} == {
        SOURCE_OUTPUT: (6, 1),
        EMOTION_OUTPUT: (6, CLASSES),
        GENERATED_OUTPUT: (6, CLASSES),
    }
    assert np.asarray(said[EMOTION_OUTPUT]).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(said[EMOTION_OUTPUT], said[GENERATED_OUTPUT])


def test_normalisation_never_looks_across_clips(keras: Any) -> None:
    discriminator = SMALL.discriminator(keras, problem(standardised=False))
    generator = SMALL.generator(keras, problem(standardised=False))
    for network in (discriminator, generator):
        assert "BatchNormalization" not in [type(layer).__name__ for layer in network.layers]
    x = batch()
    alone = np.asarray(discriminator.predict_on_batch(x[:1])[SOURCE_OUTPUT])
    assert alone == pytest.approx(
        np.asarray(discriminator.predict_on_batch(x)[SOURCE_OUTPUT])[:1], 1e-4
    )


def test_the_classifier_is_the_emotion_head(keras: Any) -> None:
    discriminator = SMALL.discriminator(keras, problem(standardised=False))
    model = SMALL.classifier(keras, discriminator)
    assert model.output_shape == (None, CLASSES)
    assert SOURCE_OUTPUT not in [layer.name for layer in model.layers]
    x = batch()
    before = np.asarray(model.predict_on_batch(x))
    assert before == pytest.approx(np.asarray(discriminator.predict_on_batch(x)[EMOTION_OUTPUT]))
    discriminator.set_weights([w + 0.01 for w in discriminator.get_weights()])
    assert np.abs(np.asarray(model.predict_on_batch(x)) - before).max() > 1e-4


@pytest.mark.parametrize("standardised", [False, True])
def test_what_is_generated(keras: Any, standardised: bool) -> None:
    generator = SMALL.generator(keras, problem(standardised=standardised))
    asked = wishes(6, length=20)
    made = np.asarray(generator.predict_on_batch(asked))
    assert made.shape == (6, FRAMES, BANDS)
    # Padding as a table has it, and nowhere else.
    assert not made[:, 20:].any()
    assert (made[:, :20] != 0).any(axis=2).all()
    if standardised:
        expected = problem(standardised=True).mean
        assert made[:, :20].mean(axis=(0, 1)) == pytest.approx(expected, abs=10)
    # Noise and emotion both matter.
    assert np.ptp(made, axis=0).max() > 1e-3
    other = np.asarray(generator.predict_on_batch([asked[0], asked[1][::-1], asked[2]]))
    assert np.abs(made - other).max() > 1e-3


def test_the_file_loads_without_ser_and_holds_no_generator(keras: Any, tmp_path: Path) -> None:
    model = SMALL.build(keras, problem(standardised=True))
    expected = np.asarray(model.predict_on_batch(batch()))
    loaded = load_without_ser(tmp_path, {"m": (model, batch())})
    assert loaded["m"].answers == pytest.approx(expected, abs=1e-6)
    assert "generator" not in loaded["m"].layers


def test_litert_agrees(keras: Any) -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = SMALL.build(keras, problem(standardised=False))
    data = export_litert(model)
    assert data is not None
    interpreter = Interpreter(model_content=data)
    entry = interpreter.get_input_details()[0]["index"]
    x = batch()
    # A clip that ends in padding, and silence.
    x[1, 20:] = 0
    x[2] = 0
    interpreter.resize_tensor_input(entry, x.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, x)
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    expected = np.asarray(model.predict_on_batch(x))
    assert np.isfinite(expected).all()
    assert np.abs(answer - expected).max() < 1e-5


def test_pooled_tables_are_refused(keras: Any) -> None:
    with pytest.raises(SerError, match="1 frames have no time axis; extract without --pool"):
        make_architecture("acgan").build(keras, Problem(1, 180, 3))
