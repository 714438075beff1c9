"""Auxiliary classifiers: what each reads, and that it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.conversion.contour_grid import MASK, N_CHANGED, N_COLUMNS, PITCH, VOICED
from ser.conversion.models.auxiliary import (
    EMOTION_CLASSIFIERS,
    SPEAKER_CLASSIFIER,
    auxiliary_classifier,
)
from ser.models.backend import load_keras

STEPS, SPEECH_STEPS = 48, 30


def recordings(count: int = 4, seed: int = 0) -> Any:
    contours = np.zeros((count, STEPS, N_COLUMNS), np.float32)
    random = np.random.default_rng(seed)
    contours[:, :SPEECH_STEPS, :N_CHANGED] = random.normal(size=(count, SPEECH_STEPS, N_CHANGED))
    contours[:, 5 : SPEECH_STEPS - 5, VOICED] = 1
    contours[:, :SPEECH_STEPS, MASK] = 1
    return contours


@pytest.fixture(scope="module")
def classifiers() -> Any:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    return {
        name: auxiliary_classifier(keras, name, STEPS, 3)
        for name in (*EMOTION_CLASSIFIERS, SPEAKER_CLASSIFIER)
    }


@pytest.mark.parametrize("name", [*EMOTION_CLASSIFIERS, SPEAKER_CLASSIFIER])
def test_outputs_are_probabilities(classifiers: Any, name: str) -> None:
    answers = classifiers[name].predict_on_batch(recordings())
    assert answers.shape == (4, 3)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
    assert np.abs(answers[0] - answers[1]).max() > 1e-4


@pytest.mark.parametrize(
    ("name", "column", "reads"),
    [
        ("course", 0, True),
        ("course", PITCH, True),
        ("timbre", 0, False),
        ("timbre", PITCH, False),
        ("timbre", 3, True),
        ("outline", PITCH, True),
        (SPEAKER_CLASSIFIER, 0, False),
        (SPEAKER_CLASSIFIER, PITCH, True),
    ],
)
def test_what_it_reads(classifiers: Any, name: str, column: int, reads: bool) -> None:
    contours = recordings()
    other = contours.copy()
    other[:, :SPEECH_STEPS, column] += 2
    before, after = (classifiers[name].predict_on_batch(x) for x in (contours, other))
    assert (np.abs(before - after).max() > 1e-5) == reads
