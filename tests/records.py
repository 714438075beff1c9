"""Small feature tables for tests that need no audio."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.features.layout import width
from ser.features.spec import FeatureSpec
from ser.table import Table, record_dtype

SPEC = FeatureSpec(families=("logmel",), n_mels=16)


def make_table(
    emotions: Sequence[str],
    speakers: Sequence[str] = (),
    *,
    spec: FeatureSpec = SPEC,
    frames: int = 20,
    corpus: str = "ravdess",
    seed: int = 0,
) -> Table:
    """One record per emotion, with random features; without speakers each has one of its own."""
    table = np.zeros(len(emotions), record_dtype(spec, frames, width(spec)))
    table["x"] = np.random.default_rng(seed).normal(-40, 12, table["x"].shape)
    table["frames"] = frames
    table["y"] = emotions
    table["speaker"] = speakers or [f"{i + 1:02d}" for i in range(len(emotions))]
    table["corpus"] = corpus
    table["path"] = [f"{corpus}/{i}.wav" for i in range(len(emotions))]
    table["duration"] = np.arange(1, len(emotions) + 1)
    table["text"] = "01"
    return table
