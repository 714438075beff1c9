"""The warp: time that a network stretches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.conversion.models.time_warp import warp
from ser.models.backend import load_keras

STEPS, LENGTH = 20, 40


@pytest.fixture(scope="module")
def network() -> Any:
    keras = load_keras("cpu")
    values = keras.Input((STEPS, 2), name="values")
    real = keras.Input((STEPS, 1), name="real")
    stretch = keras.Input((STEPS, 1), name="stretch")
    return keras.Model([values, real, stretch], warp(keras, values, real, stretch, LENGTH))


def run(network: Any, stretch: Any, real: int = STEPS) -> tuple[Any, Any]:
    line = np.arange(STEPS, dtype=np.float32)
    values = np.stack([line, line**2], axis=1)[None]
    mask = (line < real).astype(np.float32)[None, :, None]
    times = np.broadcast_to(np.asarray(stretch, np.float32), (STEPS,))[None, :, None]
    found, inside = network.predict_on_batch([values, mask, times])
    return np.asarray(found)[0], np.asarray(inside)[0, :, 0]


def test_nothing_changes(network: Any) -> None:
    found, inside = run(network, 0.0)
    np.testing.assert_allclose(found[:STEPS, 0], np.arange(STEPS), atol=2e-3)
    assert inside.tolist() == [1.0] * STEPS + [0.0] * (LENGTH - STEPS)
    assert (found[STEPS:] == 0).all()


@pytest.mark.parametrize("factor", [0.5, 1.5, 2.0])
def test_all_is_stretched_alike(network: Any, factor: float) -> None:
    found, inside = run(network, np.log(factor))
    count = int(inside.sum())
    assert count == pytest.approx(STEPS * factor, abs=1)
    places = (np.arange(count) + 0.5) / factor - 0.5
    wanted = np.clip(places, 0, STEPS - 1)
    np.testing.assert_allclose(found[:count, 0], wanted, atol=2e-3)


def test_a_part_is_stretched(network: Any) -> None:
    stretch = np.where(np.arange(STEPS) < 10, np.log(2.0), 0.0)
    found, inside = run(network, stretch)
    assert inside.sum() == 30
    # The second half comes later, and at its old pace.
    np.testing.assert_allclose(np.diff(found[21:30, 0]), 1, atol=2e-3)
    np.testing.assert_allclose(np.diff(found[1:19, 0]), 0.5, atol=2e-3)


def test_padding_takes_no_time(network: Any) -> None:
    found, inside = run(network, 0.0, real=7)
    assert inside.sum() == 7
    np.testing.assert_allclose(found[:7, 0], np.arange(7), atol=2e-3)


def test_what_is_too_long_is_cut_off(network: Any) -> None:
    found, inside = run(network, np.log(4.0))
    assert inside.all()
    assert found[-1, 0] == pytest.approx(39.5 / 4 - 0.5, abs=0.01)


def test_a_network_learns_how_long_a_sound_should_be() -> None:
    """Gradients go through: one number is found that makes a sequence half as long again."""
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    values = keras.Input((STEPS, 1))
    real = keras.Input((STEPS, 1))
    stretch = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")(real)
    found, _ = warp(keras, values, real, stretch, LENGTH)
    model = keras.Model([values, real], found)
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse")
    wave = np.sin(np.arange(STEPS, dtype=np.float32) / 3)[None, :, None]
    ones = np.ones_like(wave)
    target = np.zeros((1, LENGTH, 1), np.float32)
    places = (np.arange(30) + 0.5) / 1.5 - 0.5
    target[0, :30, 0] = np.interp(places, np.arange(STEPS), wave[0, :, 0])
    first = model.train_on_batch([wave, ones], target)
    for _ in range(120):
        last = model.train_on_batch([wave, ones], target)
    assert last < 0.1 * first
    assert np.exp(model.get_weights()[0].item()) == pytest.approx(1.5, abs=0.05)
