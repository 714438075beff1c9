"""Listeners: each hears its own side of speech."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.conversion.contour_grid import CHANGED, COLUMNS, PITCH, REAL, VOICED
from ser.conversion.models.auxiliary import EMOTION, SPEAKER, listener
from ser.conversion.training.auxiliary import fit_listener
from ser.models.backend import load_keras

STEPS, SPOKEN = 48, 30


def recordings(count: int = 4, seed: int = 0) -> Any:
    heard = np.zeros((count, STEPS, COLUMNS), np.float32)
    random = np.random.default_rng(seed)
    heard[:, :SPOKEN, :CHANGED] = random.normal(size=(count, SPOKEN, CHANGED))
    heard[:, 5 : SPOKEN - 5, VOICED] = 1
    heard[:, :SPOKEN, REAL] = 1
    return heard


@pytest.fixture(scope="module")
def listeners() -> Any:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    return {name: listener(keras, name, STEPS, 3) for name in (*EMOTION, SPEAKER)}


@pytest.mark.parametrize("name", [*EMOTION, SPEAKER])
def test_shares_of_classes(listeners: Any, name: str) -> None:
    answers = listeners[name].predict_on_batch(recordings())
    assert answers.shape == (4, 3)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert np.abs(answers[0] - answers[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "column", "hears"),
    [
        ("course", 0, True),
        ("course", PITCH, True),
        ("timbre", 0, False),
        ("timbre", PITCH, False),
        ("timbre", 3, True),
        ("outline", PITCH, True),
        (SPEAKER, 0, False),
        (SPEAKER, PITCH, True),
    ],
)
def test_what_it_hears(listeners: Any, name: str, column: int, hears: bool) -> None:
    heard = recordings()
    other = heard.copy()
    other[:, :SPOKEN, column] += 2
    before, after = (listeners[name].predict_on_batch(x) for x in (heard, other))
    assert (np.abs(before - after).max() > 1e-5) == hears


def test_it_learns_to_tell_recordings_apart() -> None:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    heard, emotions = recordings(96), np.arange(96) % 2
    heard[:, :SPOKEN, PITCH] += 3.0 * emotions[:, None]
    model = listener(keras, "outline", STEPS, 2)
    epochs: list[int] = []
    targets = np.eye(2, dtype=np.float32)[emotions]
    fit_listener(keras, model, heard, targets, epochs=20, seed=0, on_epoch=epochs.append)
    assert epochs == list(range(1, 21))
    fresh = recordings(30, seed=1)
    fresh[:, :SPOKEN, PITCH] += 3.0 * (np.arange(30)[:, None] % 2)
    said = model.predict_on_batch(fresh).argmax(axis=1)
    assert np.mean(said == np.arange(30) % 2) > 0.75
