"""A model's predictions for a feature table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ser.artifact import check_spec
from ser.engine import Engine
from ser.errors import TableError
from ser.evaluation import label_indices
from ser.features.extract import fit_frames
from ser.grouping import originals
from ser.predictions import Predictions, from_table
from ser.table import Table, speaker_keys, spec_of


def check_table(path: object, card: Mapping[str, Any], table: Table, name: object) -> None:
    """Makes sure that a table can be scored by a model, before any work is done.

    Args:
        path: The model, for messages.
        card: Its card.
        table: A feature table.
        name: The table, for messages.

    Raises:
        ArtifactError: The table holds other features than the model was trained on.
        LabelError: An emotion is not among the model's labels.
        TableError: No record has an emotion.
    """
    check_spec(path, card, spec_of(table, name), name)
    emotions = set(np.unique(table["y"]).tolist()) - {""}
    if not emotions:
        raise TableError(name, "has no record with an emotion", "extract a labelled corpus")
    label_indices(sorted(emotions), card["labels"])


def predict_table(
    engine: Engine,
    table: Table,
    *,
    protocol: str = "",
    seed: int | None = None,
    progress: Callable[[int], object] | None = None,
    block: int = 64,
) -> Predictions:
    """Runs a model over all records of a table that have an emotion, without augmented copies.

    A table of copies alone is scored whole.

    Args:
        engine: The model.
        table: Records that `check_table` passed, usually memory-mapped.
        protocol: Kept in the result.
        seed: Kept in the result.
        progress: Called with the number of records after each block.
        block: Records that are in memory at once.
    """
    labelled = originals(table, np.flatnonzero(table["y"] != ""))
    parts = [np.empty((0, len(engine.labels)), np.float32)]
    for start in range(0, len(labelled), block):
        chosen = labelled[start : start + block]
        parts.append(engine.probabilities(fit_frames(table["x"][chosen], engine.frames)))
        if progress is not None:
            progress(len(chosen))
    return from_table(
        table[labelled], engine.labels, np.concatenate(parts), protocol=protocol, seed=seed
    )


def shared_speakers(table: Table, trained: Collection[str]) -> list[str]:
    """Names the speakers of a table who were in a model's training set.

    Args:
        table: A feature table.
        trained: The training set's speakers as ``corpus/speaker``.
    """
    return sorted((set(speaker_keys(table)) & set(trained)) - {""})
