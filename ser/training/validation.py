"""What a training learns from and what it is watched with, from what the user asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser.dataset.groups import By, originals
from ser.dataset.split import split_indices
from ser.dataset.table import Table, read_table, spec_of
from ser.errors import SerError
from ser.evaluation.predict import shared_speakers
from ser.training.card import describe_corpora
from ser.training.loop import TrainingData, training_speakers


@dataclass(frozen=True, slots=True)
class ValidationSplit:
    """A divided table.

    Attributes:
        data: The records, by their numbers.
        protocol: Corpora and watching, in words.
        notes: What the user may not expect.
        warnings: What makes the validation figures too good.
    """

    data: TrainingData
    protocol: str
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def split_validation(
    records: Table, validation: str, seed: int, *, name: str = "table"
) -> ValidationSplit:
    """Decides what is trained on and what is watched.

    Args:
        records: The training table; records without an emotion are left out.
        validation: The part of the speakers to set aside, as a number; ``0`` for none; or the path
            of a table of its own. Augmented copies are not watched.
        seed: Of the division.
        name: What to call the table in messages, usually its path.

    Raises:
        TableError: The table cannot be divided so, or the other one cannot be read.
        SerError: The other table has other features.
    """
    everything = np.flatnonzero(np.asarray(records["y"]) != "")
    notes: tuple[str, ...] = ()
    if len(everything) < len(records):
        notes = (f"{len(records) - len(everything)} records without an emotion are left out",)
    corpora = describe_corpora(records)
    try:
        fraction = float(validation)
    except ValueError:
        data, warnings = _validate_on_table(records, everything, validation, name)
        count = 0 if data.validation is None else len(data.validation)
        return ValidationSplit(data, f"{corpora}, watched with {count} clips", notes, warnings)
    if not fraction:
        return ValidationSplit(
            TrainingData(records, everything), f"{corpora}, nothing set aside", notes
        )
    labelled = records[everything] if len(everything) < len(records) else records
    by: By = "speaker"
    if not np.asarray(records["speaker"]).astype(bool).all():
        notes += ("some speakers are not known: validation clips may share their speakers",)
        by = "clip"
    train, test = split_indices(labelled, fraction, by=by, seed=seed, name=name)
    test = originals(labelled, test)
    return ValidationSplit(
        TrainingData(records, everything[train], everything[test]),
        f"{corpora}, watched with {len(test)} clips ({by}s apart)",
        notes,
    )


def _validate_on_table(
    records: Table, everything: np.ndarray, path: str, name: str
) -> tuple[TrainingData, tuple[str, ...]]:
    other = read_table(path)
    difference = spec_of(records).difference(spec_of(other))
    if difference or other["x"].shape[1:] != records["x"].shape[1:]:
        raise SerError(
            path,
            f"has other features than {name} ({difference or 'its clips have other lengths'})",
            "extract both with the same options, with --duration",
        )
    indices = originals(other, np.flatnonzero(np.asarray(other["y"]) != ""))
    shared = shared_speakers(other, training_speakers(records, everything))
    warnings: tuple[str, ...] = ()
    if shared:
        warnings = (
            f"{len(shared)} of the speakers in {path} are in {name} as well "
            f"({', '.join(shared[:3])}): the validation figures will be too good",
        )
    return TrainingData(records, everything, indices, other), warnings
