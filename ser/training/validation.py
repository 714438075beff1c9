"""Training and validation records: a share of the speakers, or a separate table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.arrays import Indices
from ser.dataset.groups import By, originals
from ser.dataset.split import split_indices
from ser.dataset.table import Table, read_table, speaker_keys, spec_of
from ser.errors import ParameterError, SerError, TableError
from ser.evaluation.predict import shared_speakers
from ser.training.card import describe_corpora
from ser.training.loop import TrainingData, training_speakers
from ser.wording import counted


@dataclass(frozen=True, slots=True)
class ValidationSplit:
    """A table divided into training and validation records.

    Attributes:
        data: The records.
        protocol: Describes corpora and validation.
        notes: What the user should know about the division.
        warnings: Reasons why the validation figures are too good.
    """

    data: TrainingData
    protocol: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def split_validation(
    records: Table,
    validation: float | str | Path | Table,
    seed: int,
    *,
    name: str = "table",
) -> ValidationSplit:
    """Divides a table into training and validation records, with disjoint speakers if known.

    Args:
        records: The table; records without an emotion are left out.
        validation: The share of the speakers to validate on, as a number or its text; 0 for none;
            or a separate table or its path. Augmented copies are not validated on.
        seed: The seed of the division.
        name: The table's name in messages, usually its path.

    Raises:
        ParameterError: The share is not between 0 and 1.
        TableError: No record has an emotion, the table cannot be divided so, or the separate table
            cannot be read.
        SerError: The separate table has other features.
    """
    labeled = labeled_records(records, name)
    notes: tuple[str, ...] = ()
    if len(labeled) < len(records):
        notes = (f"left out: {counted(len(records) - len(labeled), 'record')} without an emotion",)
    corpora = describe_corpora(records)
    fraction = _fraction(validation)
    if fraction is None:
        data, warnings = _validate_on_table(records, labeled, validation, name)
        count = 0 if data.validation is None else len(data.validation)
        protocol = f"{corpora}, validated on {counted(count, 'clip')}"
        return ValidationSplit(data, protocol, notes, warnings)
    if not 0 <= fraction < 1:
        raise ParameterError(
            "validation",
            "is not between 0 and 1",
            "give 0.2 for a fifth of the speakers",
            value=validation,
        )
    if not fraction:
        protocol = f"{corpora}, nothing set aside"
        return ValidationSplit(TrainingData(records, labeled), protocol, notes)
    table = records[labeled] if len(labeled) < len(records) else records
    by: By = "speaker"
    if not np.asarray(records["speaker"]).astype(bool).all():
        notes += ("some speakers are not known: validation clips may share their speakers",)
        by = "clip"
    elif len(set(speaker_keys(table))) == 1:
        raise TableError(
            name,
            "has clips of one speaker alone: none are left to validate on",
            "train on all of them with `validation=0`, or give a `validation` table of other "
            "speakers",
        )
    train, test = split_indices(table, fraction, by=by, seed=seed, name=name)
    test = originals(table, test)
    return ValidationSplit(
        TrainingData(records, labeled[train], labeled[test]),
        f"{corpora}, validated on {counted(len(test), 'clip')} ({by}s apart)",
        notes,
    )


def labeled_records(records: Table, name: str) -> Indices:
    """Gives the numbers of the records with an emotion.

    Args:
        records: A feature table.
        name: What to call it in an error.

    Raises:
        TableError: No record has one.
    """
    labeled = np.flatnonzero(np.asarray(records["y"]) != "")
    if not len(labeled):
        raise TableError(
            name,
            "has no record with an emotion: there is nothing to learn",
            "extract a corpus that ser-extract knows, or a manifest with a column of emotions",
        )
    return labeled


def _fraction(validation: float | str | Path | Table) -> float | None:
    """Reads a share of the speakers; None if it is a table or a path."""
    if isinstance(validation, np.ndarray | Path):
        return None
    try:
        return float(validation)
    except ValueError:
        return None


def _validate_on_table(
    records: Table, labeled: Indices, validation: float | str | Path | Table, name: str
) -> tuple[TrainingData, tuple[str, ...]]:
    if isinstance(validation, np.ndarray):
        other, path = validation, "validation table"
    else:
        path = str(validation)
        other = read_table(path)
    difference = spec_of(records).difference(spec_of(other))
    if difference or other["x"].shape[1:] != records["x"].shape[1:]:
        raise SerError(
            path,
            f"has other features than {name} ({difference or 'its clips have other lengths'})",
            "extract both with the same options, with --duration",
        )
    indices = originals(other, np.flatnonzero(np.asarray(other["y"]) != ""))
    shared = shared_speakers(other, training_speakers(records, labeled))
    warnings: tuple[str, ...] = ()
    if shared:
        warnings = (
            f"{len(shared)} of the speakers in {path} are in {name} as well "
            f"({', '.join(shared[:3])}): the validation figures will be too good",
        )
    return TrainingData(records, labeled, indices, other), warnings
