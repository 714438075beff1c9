"""Small networks along time (cnn1d, cnn-lstm, tim-net), and batches for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ser.models.base import Problem
from ser.models.registry import make_architecture

NAMES = ("cnn1d", "cnn-lstm", "tim-net")
SEQUENCE, LONG, POOLED = (34, 24), (500, 12), (1, 40)
"""Frames and coefficients."""

SMALL = {
    "cnn1d": {"layers": 2, "filters": 32, "units": 64},
    "cnn-lstm": {"layers": 2, "filters": 12, "units": 48},
    "tim-net": {"layers": 3, "filters": 24},
}
"""Smaller than the defaults, for what does not depend on size."""


def network(keras: Any, name: str, shape: tuple[int, int], **options: Any) -> Any:
    rng = np.random.default_rng(1)
    mean = rng.normal(-40, 5, shape[1]).astype(np.float32)
    variance = rng.uniform(1, 9, shape[1]).astype(np.float32)
    chosen = make_architecture(name, {**SMALL[name], **options})
    return chosen.build(keras, Problem(*shape, 3, mean, variance))


def batch(shape: tuple[int, int], count: int = 5) -> Any:
    x = np.random.default_rng(2).normal(-40, 3, (count, *shape)).astype(np.float32)
    if shape[0] > 1:
        x[0, shape[0] // 2 :] = 0  # padded, as the shorter clips of a table are
        x[1] = 0
    return x


def answers(model: Any, x: Any) -> Any:
    return np.asarray(model.predict_on_batch(x))


def kinds(model: Any) -> list[str]:
    return [type(layer).__name__ for layer in model.layers]
