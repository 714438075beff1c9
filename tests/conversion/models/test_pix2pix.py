"""The U-Net and its discriminator: shapes, sizes, and what they look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.conversion.models.pix2pix import EMOTION, FRAME_MULTIPLE, SOURCE, Pix2PixMel
from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert_export import export_litert

MEAN, DEVIATION = np.linspace(-6, -12, 80, dtype=np.float32), np.float32(3)
PROBLEM = Problem(96, 80, 4, MEAN, np.full(80, DEVIATION**2))
SMALL = Pix2PixMel(width=0.25)


@pytest.fixture(scope="module")
def keras() -> Any:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    return keras


@pytest.fixture(scope="module")
def generator(keras: Any) -> Any:
    return SMALL.build(keras, PROBLEM)


def pictures(frames: int, count: int = 2) -> Any:
    noise = np.random.default_rng(0).normal(size=(count, frames, 80))
    return (MEAN + DEVIATION * noise).astype(np.float32)


def test_any_length_of_whole_steps(generator: Any) -> None:
    emotion = np.eye(4, dtype=np.float32)[:2]
    for frames in (FRAME_MULTIPLE, 5 * FRAME_MULTIPLE):
        drawn = generator.predict_on_batch([pictures(frames), emotion])
        assert drawn.shape == (2, frames, 80)
        # In the units of the source: natural logarithms of power.
        assert np.abs(drawn.mean(axis=(0, 1)) - MEAN).max() < 2 * DEVIATION


def test_the_emotion_and_its_intensity_are_looked_at(generator: Any) -> None:
    source = np.repeat(pictures(32, 1), 3, axis=0)
    emotion = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0.5, 0, 0]], np.float32)
    one, other, half = generator.predict_on_batch([source, emotion])
    assert np.abs(one - other).max() > 0.01
    assert np.abs(half - other).max() > 0.01


def test_sizes(keras: Any) -> None:
    arch = Pix2PixMel()
    parameters = arch.build(keras, PROBLEM).count_params()
    judge = arch.discriminator(keras, PROBLEM)
    # A CPU has to train it, and 15 MB of a package to hold it, once for Keras and once for LiteRT.
    assert 0.5e6 < parameters < 1.5e6
    assert judge.count_params() < parameters
    inputs = [pictures(96), np.eye(4, dtype=np.float32)[:2], pictures(96)]
    assert judge.predict_on_batch(inputs).shape == (2, 12, 10, 1)


def test_a_patch_is_a_patch(keras: Any) -> None:
    """What happens elsewhere in a picture does not change what is said of a patch."""
    judge = SMALL.discriminator(keras, PROBLEM)
    source, emotion, drawn = pictures(96, 1), np.eye(4, dtype=np.float32)[:1], pictures(96, 1)
    before = judge.predict_on_batch([source, emotion, drawn])[0, :, :, 0]
    drawn[:, 64:] += 5
    after = judge.predict_on_batch([source, emotion, drawn])[0, :, :, 0]
    assert after[:4] == pytest.approx(before[:4], abs=1e-4)
    assert np.abs(after[8:] - before[8:]).max() > 0.01


def test_litert_runs_it_at_any_length(generator: Any) -> None:
    from ai_edge_litert.interpreter import Interpreter

    network = export_litert(generator)
    assert network is not None
    runner = Interpreter(model_content=network, num_threads=1)
    inputs = {
        SOURCE: pictures(3 * FRAME_MULTIPLE, 1),
        EMOTION: np.eye(4, dtype=np.float32)[1:2],
    }
    places = {d["name"].split("_default_")[1].split(":")[0]: d for d in runner.get_input_details()}
    for name, values in inputs.items():
        runner.resize_tensor_input(places[name]["index"], values.shape)
    runner.allocate_tensors()
    for name, values in inputs.items():
        runner.set_tensor(places[name]["index"], values)
    runner.invoke()
    drawn = runner.get_tensor(runner.get_output_details()[0]["index"])
    expected = generator.predict_on_batch([inputs[SOURCE], inputs[EMOTION]])
    assert drawn == pytest.approx(expected, abs=1e-3)


def test_an_impossible_crop() -> None:
    with pytest.raises(SerError, match=r"crop=50: is not a choice; use one of 32, 64"):
        Pix2PixMel.with_options({"crop": "50"})
