"""Trains those who listen to the generator, on real recordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ser.arrays import Array
from ser.conversion.contour_grid import PITCH, REAL
from ser.models.backend import quiet_stderr
from ser.training.tracing import prepare

_BATCH = 32
_LR = 2e-3
_WEIGHT_DECAY = 1e-3
_LABEL_SMOOTHING = 0.1

# What each recording is changed by whenever it is heard, on the scale of what is heard: level and
# pitch as deviations, speed as a ratio. The generator's changes are near to that as well.
_LEVEL = 0.15
_PITCH = 0.2
_SPEED = 0.1


def fit_listener(
    keras: Any,
    model: Any,
    heard: Array,
    targets: Array,
    *,
    epochs: int,
    seed: int,
    on_epoch: Callable[[int], None] = lambda number: None,
) -> None:
    """Trains a listener to the last epoch.

    Args:
        keras: The module.
        model: From `ser.conversion.models.auxiliary.listener`; untrained.
        heard: Recordings, shape (n, steps, COLUMNS).
        targets: One-hot, shape (n, classes).
        epochs: How often each recording is heard.
        seed: Of order and changes.
        on_epoch: Called with the number of each epoch that is done.
    """
    steps = max(1, len(heard) // _BATCH)
    rng = np.random.default_rng((seed, len(model.name), targets.shape[1]))
    # A view of the listener: an optimiser of its own would go into every checkpoint with it.
    learner = keras.Model(model.input, model.output)
    with quiet_stderr():
        learner.compile(
            optimizer=keras.optimizers.AdamW(
                keras.optimizers.schedules.CosineDecay(_LR, epochs * steps),
                weight_decay=_WEIGHT_DECAY,
                clipnorm=1.0,
            ),
            loss=keras.losses.CategoricalCrossentropy(label_smoothing=_LABEL_SMOOTHING),
        )
    prepare(keras, learner)
    for epoch in range(epochs):
        order = rng.permutation(len(heard))
        for step in range(steps):
            chosen = order[step * _BATCH : (step + 1) * _BATCH]
            learner.train_on_batch(_varied(heard[chosen], rng), targets[chosen])
        on_epoch(epoch + 1)


def _varied(heard: Array, rng: np.random.Generator) -> Array:
    """Makes recordings louder or softer, higher or lower, slower or faster."""
    varied = np.zeros_like(heard)
    length = heard.shape[1]
    for row, steps in zip(varied, heard, strict=True):
        count = int(steps[:, REAL].sum())
        wanted = min(length, max(1, round(count * np.exp(rng.normal(0, _SPEED)))))
        places = np.round(np.linspace(0, max(count - 1, 0), wanted)).astype(np.intp)
        row[:wanted] = steps[places]
        row[:wanted, 0] += rng.normal(0, _LEVEL)
        row[:wanted, PITCH] += rng.normal(0, _PITCH)
    return varied
