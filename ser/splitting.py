"""Splits of a table into training and test records that never share a group.

A network that has heard a speaker's other clips scores higher on that speaker than it will on
anyone else, so splits keep speakers apart unless they are asked not to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.errors import SerError, TableError
from ser.foldfile import Folds, read_folds, write_folds
from ser.grouping import (
    By,
    Indices,
    group_names,
    groups,
    match_names,
    originals,
    require_apart,
    train_indices,
)
from ser.stratify import deal
from ser.table import Table, speaker_keys

__all__ = [
    "By",
    "Folds",
    "Side",
    "group_names",
    "groups",
    "make_folds",
    "originals",
    "pick_indices",
    "read_folds",
    "side",
    "split_indices",
    "train_indices",
    "write_folds",
]

# What matters in a split: its size and its emotions first, then gender and corpus.
_WEIGHTS = {"size": 4.0, "y": 4.0, "gender": 1.0, "corpus": 1.0}


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a split holds.

    Attributes:
        clips: The number of records.
        speakers: The number of speakers that are known.
        emotions: Records by emotion.
        genders: Records by gender.
    """

    clips: int
    speakers: int
    emotions: Counter[str]
    genders: Counter[str]


def split_indices(
    table: Table,
    fraction: float,
    *,
    by: By = "speaker",
    seed: int = 0,
    name: object = "table",
) -> tuple[Indices, Indices]:
    """Splits a table in two, alike in emotions and, as far as possible, in gender and corpus.

    Args:
        table: A feature table.
        fraction: The part of the records that the test side should get, between 0 and 1.
        by: What is kept apart; see `ser.grouping.groups`.
        seed: The same seed gives the same split.
        name: What to call the table in an error, usually its path.

    Returns:
        The sorted record numbers of the training and of the test side.

    Raises:
        SerError: `fraction` is not between 0 and 1.
        TableError: The table cannot be split so: speakers are unknown, or there is only one group.
    """
    if not 0 < fraction < 1:
        raise SerError(f"a test side of {fraction:g}", "is not a part", "give 0.2 for one fifth")
    sides = _dealt(table, (1 - fraction, fraction), by, seed, name)
    return np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)


def make_folds(
    table: Table, n: int, *, by: By = "speaker", seed: int = 0, name: object = "table"
) -> Folds:
    """Divides a table into `n` test sets that are alike.

    Args:
        table: A feature table.
        n: How many, at least 2; 0 makes one per corpus, with `by` ``corpus``.
        by: What is kept apart; see `ser.grouping.groups`.
        seed: The same seed gives the same folds.
        name: What to call the table in an error, usually its path.

    Raises:
        SerError: `n` is under 2.
        TableError: The table has fewer groups than folds, or its speakers are unknown.
    """
    if n == 0 and by == "corpus":
        n = len(np.unique(groups(table, by, name=name)))
        if n < 2:
            raise _too_few(name, n, 2, by)
    if n < 2:
        raise SerError(f"{n} folds", "are too few", "give 2 or more")
    sides = _dealt(table, [1 / n] * n, by, seed, name)
    tests = tuple(np.flatnonzero(sides == number) for number in range(n))
    return Folds(by, seed, tests, f"{n} folds by {by}")


def pick_indices(
    table: Table, names: Sequence[str], *, by: By = "speaker", name: object = "table"
) -> tuple[Indices, Indices]:
    """Splits a table by naming the test side.

    Args:
        table: A feature table.
        names: Speakers as ``corpus/speaker`` or ``speaker``, or corpora; leading zeros and case
            do not matter.
        by: ``speaker`` or ``corpus``.
        name: What to call the table in an error, usually its path.

    Returns:
        The sorted record numbers of the training and of the test side.

    Raises:
        TableError: A name is unknown or ambiguous, a side is empty, or the sides would share
            a clip.
    """
    present = speaker_keys(table) if by == "speaker" else group_names(table, by, name=name)
    chosen = set(match_names(names, set(present), name=name, strict=True))
    test = np.flatnonzero([key in chosen for key in present])
    train = train_indices(len(table), test)
    if not len(train):
        raise TableError(name, "has nothing left to train on", "name fewer test groups")
    require_apart(table, test, name=name)
    return train, test


def side(table: Table, indices: npt.NDArray[np.intp]) -> Side:
    """Counts what the records with the given numbers hold."""
    # Field by field, for whole records would bring their features along.
    field = {n: table[n][indices].tolist() for n in ("y", "gender", "corpus", "speaker")}
    speakers = {pair for pair in zip(field["corpus"], field["speaker"], strict=True) if pair[1]}
    return Side(len(indices), len(speakers), Counter(field["y"]), Counter(field["gender"]))


def _dealt(table: Table, shares: Sequence[float], by: By, seed: int, name: object) -> Indices:
    numbers = groups(table, by, name=name)
    count = int(numbers.max()) + 1 if len(numbers) else 0
    if count < len(shares):
        raise _too_few(name, count, len(shares), by)
    # Sides are to be alike in what was recorded: rare emotions may have many copies.
    counted = np.asarray(table["augment"]) == ""
    counted |= ~np.isin(numbers, numbers[counted])
    columns, weights = [], []
    for field, weight in _WEIGHTS.items():
        values = np.zeros(len(table), "<U1") if field == "size" else table[field]
        _, codes = np.unique(values, return_inverse=True)
        kinds = int(codes.max()) + 1
        counts = np.zeros((count, kinds))
        np.add.at(counts, (numbers, codes), counted)
        columns.append(counts)
        weights += [weight / kinds] * kinds
    return deal(np.hstack(columns), np.array(weights), shares, seed)[numbers]


def _too_few(name: object, count: int, sides: int, by: str) -> TableError:
    noun = {"speaker": "speakers", "clip": "clips", "corpus": "corpora"}[by]
    advice = "take a larger table" if by == "clip" else "ask for fewer, or split --by clip"
    return TableError(
        name,
        f"has {count} {noun} that can be kept apart, too few for {sides} sides"
        " (identical clips tie groups together)",
        advice,
    )
