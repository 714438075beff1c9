"""A model's predictions for a feature table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ser.arrays import Array, Indices
from ser.dataset.groups import originals
from ser.dataset.table import Table, positions_by_speaker, speaker_keys, spec_of, without_features
from ser.errors import TableError
from ser.evaluation.predictions import Predictions, from_table
from ser.features.extract import fit_frames
from ser.inference.classifier import Classifier
from ser.labels import label_indices
from ser.models.artifact import check_spec

# Clips that a voice is learnt from, spread over all that there are of it: more change nothing.
_SAMPLE = 256


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
    classifier: Classifier,
    table: Table,
    *,
    protocol: str = "",
    seed: int | None = None,
    records: Indices | None = None,
    calibrate: bool = False,
    progress: Callable[[int], object] | None = None,
    block: int = 64,
) -> Predictions:
    """Runs a model over all records of a table that have an emotion, without augmented copies.

    A table of copies alone is scored whole.

    Args:
        classifier: The model.
        table: Records that `check_table` passed, usually memory-mapped.
        protocol: Kept in the result.
        seed: Kept in the result.
        records: Numbers of the records to run over; None for all.
        calibrate: Read every speaker's clips against what is usual for that voice, which is learnt
            from these clips themselves, without their labels.
        progress: Called with the number of records after each block.
        block: Records that are in memory at once.
    """
    chosen = np.arange(len(table)) if records is None else records
    labelled = originals(table, chosen[np.asarray(table["y"])[chosen] != ""])
    rest = without_features(table, labelled)
    result = np.empty((len(labelled), len(classifier.labels)), np.float32)
    voices = positions_by_speaker(rest) if calibrate else {"": np.arange(len(labelled))}
    for speaker, places in voices.items():
        adaptation = None
        if speaker:
            sample = places[np.unique(np.linspace(0, len(places) - 1, _SAMPLE).astype(int))]
            adaptation = classifier.adapt(*_features(classifier, table, labelled[sample]))
        for start in range(0, len(places), block):
            chosen = places[start : start + block]
            features = _features(classifier, table, labelled[chosen])
            result[chosen] = classifier.probabilities(*features, adaptation)
            if progress is not None:
                progress(len(chosen))
    return from_table(rest, classifier.labels, result, protocol=protocol, seed=seed)


def _features(classifier: Classifier, table: Table, records: Indices) -> tuple[Array, Array | None]:
    functionals = table["functionals"][records] if classifier.reads_functionals else None
    return fit_frames(table["x"][records], classifier.frames), functionals


def shared_speakers(table: Table, trained: Collection[str]) -> list[str]:
    """Names the speakers of a table who were in a model's training set.

    Args:
        table: A feature table.
        trained: The training set's speakers as ``corpus/speaker``.
    """
    return sorted((set(speaker_keys(table)) & set(trained)) - {""})
