"""A model's predictions for a feature table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from ser.arrays import Array, Indices
from ser.dataset.groups import originals
from ser.dataset.table import Table, positions_by_speaker, speaker_keys, spec_of, without_features
from ser.errors import TableError
from ser.evaluation.metrics import Evaluation, evaluate_predictions
from ser.evaluation.predictions import Predictions, from_table
from ser.features.extract import fit_frames
from ser.inference.classifier import Classifier
from ser.labels import label_indices
from ser.models.artifact import check_spec

# The classifier is adapted to a speaker with at most this many clips; more change nothing.
_MAX_ADAPTATION_CLIPS = 256


def check_table(
    path: object, card: Mapping[str, Any], table: Table, name: object, *, labeled: bool = True
) -> None:
    """Checks that a model can be run over a table, before any work is done.

    Args:
        path: The model, for messages.
        card: Its card.
        table: A feature table.
        name: The table, for messages.
        labeled: Whether it is to be evaluated, for which a record with an emotion is needed.

    Raises:
        ArtifactError: The table holds other features than the model was trained on.
        LabelError: An emotion is not among the model's labels.
        TableError: No record has an emotion.
    """
    check_spec(path, card, spec_of(table, name), name)
    emotions = set(np.unique(table["y"]).tolist()) - {""}
    if labeled and not emotions:
        cure = "extract a labelled corpus, or ask for --predictions alone"
        raise TableError(name, "has no record with an emotion", cure)
    label_indices(sorted(emotions), card["labels"])


def predict_table(
    classifier: Classifier,
    table: Table,
    *,
    protocol: str = "",
    seed: int | None = None,
    records: Indices | None = None,
    unlabeled: bool = False,
    adapt: bool = False,
    progress: Callable[[int], object] | None = None,
    block: int = 64,
) -> Predictions:
    """Runs a model over the labeled records of a table, without augmented copies.

    If all records are copies, they are used.

    Args:
        classifier: The model.
        table: Records that `check_table` accepted, usually memory-mapped.
        protocol: Stored in the result.
        seed: Stored in the result.
        records: Numbers of the records to predict; None for all.
        unlabeled: Predict records without an emotion as well.
        adapt: Adapt the classifier to each speaker with these clips, without their labels. Clips of
            unknown speakers are predicted without adaptation.
        progress: Called with the number of records after each block.
        block: Records that are in memory at a time.

    Returns:
        The predictions, one per record, in the order of the table.
    """
    chosen = np.arange(len(table)) if records is None else records
    if not unlabeled:
        chosen = chosen[np.asarray(table["y"])[chosen] != ""]
    predicted = originals(table, chosen)
    fields = without_features(table, predicted)
    result = np.empty((len(predicted), len(classifier.labels)), np.float32)
    speakers = positions_by_speaker(fields) if adapt else {"": np.arange(len(predicted))}
    for speaker, positions in speakers.items():
        adaptation = None
        if speaker:
            spread = np.linspace(0, len(positions) - 1, _MAX_ADAPTATION_CLIPS).astype(int)
            sample = positions[np.unique(spread)]
            adaptation = classifier.adapt(*_features(classifier, table, predicted[sample]))
        for start in range(0, len(positions), block):
            part = positions[start : start + block]
            features = _features(classifier, table, predicted[part])
            result[part] = classifier.probabilities(*features, adaptation)
            if progress is not None:
                progress(len(part))
    return from_table(fields, classifier.labels, result, protocol=protocol, seed=seed)


def evaluate_classifier(
    classifier: Classifier,
    table: Table,
    *,
    adapt: bool = False,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Evaluates a model on the labeled records of a table.

    Args:
        classifier: The model.
        table: A feature table with the features that the model was trained on.
        adapt: Adapt the classifier to each speaker; see `predict_table`.
        seed: The seed of the bootstrap intervals.
        progress: Called with the number of records after each block.

    Returns:
        UAR, accuracy, macro F1, intervals, confusion and calibration error.

    Raises:
        ArtifactError: The table holds other features than the model was trained on.
        LabelError: An emotion is not among the model's labels.
        TableError: No record has an emotion.
    """
    check_table(classifier.path, classifier.card, table, "table")
    predictions = predict_table(classifier, table, adapt=adapt, progress=progress)
    return evaluate_predictions(predictions, seed=seed)


def _features(classifier: Classifier, table: Table, records: Indices) -> tuple[Array, Array | None]:
    functionals = table["functionals"][records] if classifier.reads_functionals else None
    return fit_frames(table["x"][records], classifier.frames), functionals


def shared_speakers(table: Table, trained: Collection[str]) -> list[str]:
    """Lists the speakers of a table who were in a model's training set.

    Args:
        table: A feature table.
        trained: The speakers of the training set as ``corpus/speaker``.
    """
    return sorted((set(speaker_keys(table)) & set(trained)) - {""})
