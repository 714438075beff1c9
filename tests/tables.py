"""Feature tables made of numbers, for tests that need records and no sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ser.dataset.table import Table, record_dtype
from ser.features.spec import FeatureSpec
from ser.labels import COMMON


def make_table(
    count: int = 6,
    *,
    frames: int = 4,
    coefficients: int = 3,
    spec: FeatureSpec | None = None,
    seed: int = 0,
    widths: Mapping[str, int] | None = None,
    **fields: Sequence[Any] | Any,
) -> Table:
    """Records with random features; `fields` sets whole columns, by value or by list."""
    random = np.random.default_rng(seed)
    table = np.zeros(count, record_dtype(spec or FeatureSpec(), frames, coefficients, widths))
    table["x"] = random.normal(size=(count, frames, coefficients))
    table["frames"] = frames
    table["duration"] = 3.0
    table["corpus"] = "made"
    table["path"] = [f"{seed}/clip-{i}.wav" for i in range(count)]
    table["y"] = [COMMON[i % len(COMMON)] for i in range(count)]
    table["speaker"] = [f"{i // len(COMMON) + 1:02d}" for i in range(count)]
    for name, values in fields.items():
        table[name] = values
    return table


def ravdess_table(actors: int = 24, *, takes: int = 2, seed: int = 0) -> Table:
    """Records with the actors, genders and emotions of RAVDESS."""
    rows = [
        (actor, emotion, take)
        for actor in range(1, actors + 1)
        for emotion in range(len(COMMON))
        for take in range(takes if emotion else 1)
    ]
    return make_table(
        len(rows),
        seed=seed,
        corpus="ravdess",
        speaker=[f"{actor:02d}" for actor, _, _ in rows],
        gender=["male" if actor % 2 else "female" for actor, _, _ in rows],
        y=[COMMON[emotion] for _, emotion, _ in rows],
        path=[f"Actor_{a:02d}/03-01-{e + 1:02d}-01-01-{t:02d}-{a:02d}.wav" for a, e, t in rows],
    )
