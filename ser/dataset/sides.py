"""What both sides of a split hold, though a test should not have heard it in training."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Indices
from ser.dataset.groups import take_keys, train_indices
from ser.dataset.near_duplicates import NearDuplicate
from ser.dataset.stats import record_names
from ser.dataset.table import Table, speaker_keys

Pairs = tuple[tuple[str, str], ...]
"""Names of records: one of the test side, and the one of the training side that is like it."""


@dataclass(frozen=True, slots=True)
class SharedSides:
    """What the test side of a split shares with its training side.

    Attributes:
        train: Training records.
        test: Test records.
        speakers: The speakers of both.
        takes: Test records of a take that training has heard, and the record that it heard.
        duplicates: Test records that equal a training record bit by bit.
        near: Test records that sound like a training record.
    """

    train: int
    test: int
    speakers: tuple[str, ...]
    takes: Pairs
    duplicates: Pairs
    near: Pairs


def compare_sides(
    table: Table, test: Indices, hashes: Sequence[bytes], near: Sequence[NearDuplicate]
) -> SharedSides:
    """Compares the test side of a split with the rest of the table.

    Args:
        table: A feature table, shape (n,).
        test: The record numbers of the test side.
        hashes: See `ser.dataset.table.clip_hashes`, one per record.
        near: The near duplicates of the table.
    """
    train = train_indices(len(table), test)
    names = record_names(table)
    speakers = np.array(speaker_keys(table), np.str_)
    shared = set(speakers[test].tolist()) & set(speakers[train].tolist()) - {""}
    tested = set(test.tolist())
    across = [
        (pair.first, pair.second) if pair.first in tested else (pair.second, pair.first)
        for pair in near
        if (pair.first in tested) != (pair.second in tested)
    ]
    return SharedSides(
        len(train),
        len(test),
        tuple(sorted(shared)),
        _shared(take_keys(table), names, train, test),
        _shared(hashes, names, train, test),
        tuple((names[a], names[b]) for a, b in across),
    )


def _shared(keys: Sequence[Hashable], names: Sequence[str], train: Indices, test: Indices) -> Pairs:
    heard: dict[Hashable, int] = {}
    for i in train.tolist():
        heard.setdefault(keys[i], i)
    return tuple((names[i], names[heard[keys[i]]]) for i in test.tolist() if keys[i] in heard)
