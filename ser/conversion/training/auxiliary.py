"""Trains auxiliary classifiers of emotion and speaker on real recordings."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.arrays import Array
from ser.conversion.contour_grid import MASK, PITCH
from ser.models.backend import quiet_stderr
from ser.training.tracing import build_training_state

_BATCH_SIZE = 32
_LR = 2e-3
_WEIGHT_DECAY = 1e-3
_LABEL_SMOOTHING = 0.1

# Data augmentation, about as large as the generator's changes: shifts of level and F0 as standard
# deviations of the scaled contours, and changes of tempo as a ratio.
_LEVEL = 0.15
_PITCH = 0.2
_TEMPO = 0.1


def fit_auxiliary_classifier(
    keras: Any, model: Any, contours: Array, targets: Array, *, epochs: int, seed: int
) -> None:
    """Trains a classifier for a fixed number of epochs.

    Args:
        keras: The module.
        model: From `ser.conversion.models.auxiliary.auxiliary_classifier`; untrained.
        contours: Recordings, shape (n, steps, N_COLUMNS).
        targets: One-hot, shape (n, classes).
        epochs: Passes over the recordings.
        seed: Of order and augmentation.
    """
    steps = max(1, len(contours) // _BATCH_SIZE)
    rng = np.random.default_rng((seed, len(model.name), targets.shape[1]))
    # A second model with the same weights: the optimizer of `model` itself would go into every
    # checkpoint.
    trained = keras.Model(model.input, model.output)
    with quiet_stderr():
        trained.compile(
            optimizer=keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(_LR, epochs * steps),
                weight_decay=_WEIGHT_DECAY,
                clipnorm=1.0,
            ),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=_LABEL_SMOOTHING),
        )
    build_training_state(keras, trained)
    for _ in range(epochs):
        order = rng.permutation(len(contours))
        for step in range(steps):
            chosen = order[step * _BATCH_SIZE : (step + 1) * _BATCH_SIZE]
            trained.train_on_batch(_augment(contours[chosen], rng), targets[chosen])


def _augment(contours: Array, rng: np.random.Generator) -> Array:
    """Changes level, F0 and tempo of each recording at random."""
    augmented = np.zeros_like(contours)
    longest = contours.shape[1]
    for row, steps in zip(augmented, contours, strict=True):
        count = int(steps[:, MASK].sum())
        length = min(longest, max(1, round(count * np.exp(rng.normal(0, _TEMPO)))))
        places = np.round(np.linspace(0, max(count - 1, 0), length)).astype(np.intp)
        row[:length] = steps[places]
        row[:length, 0] += rng.normal(0, _LEVEL)
        row[:length, PITCH] += rng.normal(0, _PITCH)
    return augmented
