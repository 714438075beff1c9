"""Training of auxiliary classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.conversion.contour_grid import MASK, N_CHANGED, N_COLUMNS, PITCH, VOICED
from ser.conversion.models.auxiliary import auxiliary_classifier
from ser.conversion.training.auxiliary import _augment, fit_auxiliary_classifier
from ser.models.backend import load_keras

STEPS, SPEECH_STEPS = 48, 30


def recordings(count: int = 4, seed: int = 0) -> Any:
    contours = np.zeros((count, STEPS, N_COLUMNS), np.float32)
    random = np.random.default_rng(seed)
    contours[:, :SPEECH_STEPS, :N_CHANGED] = random.normal(size=(count, SPEECH_STEPS, N_CHANGED))
    contours[:, 5 : SPEECH_STEPS - 5, VOICED] = 1
    contours[:, :SPEECH_STEPS, MASK] = 1
    return contours


def test_it_learns_to_tell_recordings_apart() -> None:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    contours, emotions = recordings(96), np.arange(96) % 2
    contours[:, :SPEECH_STEPS, PITCH] += 3.0 * emotions[:, None]
    model = auxiliary_classifier(keras, "outline", STEPS, 2)
    targets = np.eye(2, dtype=np.float32)[emotions]
    fit_auxiliary_classifier(keras, model, contours, targets, epochs=20, seed=0)
    fresh = recordings(30, seed=1)
    fresh[:, :SPEECH_STEPS, PITCH] += 3.0 * (np.arange(30)[:, None] % 2)
    predicted = model.predict_on_batch(fresh).argmax(axis=1)
    assert np.mean(predicted == np.arange(30) % 2) > 0.75


def test_augmentation_changes_level_f0_and_tempo_alone() -> None:
    contours = recordings(50)
    # Without differences between steps, a change of tempo changes the length alone.
    contours[:, :SPEECH_STEPS] = contours[:, :1]
    augmented = _augment(contours, np.random.default_rng(0))
    lengths = augmented[:, :, MASK].sum(axis=1)
    assert len(set(lengths.tolist())) > 3
    assert (np.abs(lengths / SPEECH_STEPS - 1) < 0.5).all()
    for before, after, length in zip(contours, augmented, lengths.astype(int), strict=True):
        assert not after[length:].any()
        moved = after[:length] - before[0]
        np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-5)
        assert set(np.flatnonzero(np.abs(moved[0]) > 1e-5)) == {0, PITCH}
