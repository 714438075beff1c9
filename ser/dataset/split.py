"""Splits of a table into training and test records that never share a group.

A network that has heard a speaker's other clips scores higher on that speaker than it will on
anyone else, so splits keep speakers apart unless they are asked not to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Indices
from ser.dataset.folds import Folds
from ser.dataset.groups import (
    By,
    check_disjoint,
    group_names,
    groups,
    match_names,
    originals,
    train_indices,
)
from ser.dataset.table import FeatureTable, Table, speaker_keys
from ser.errors import ParameterError, TableError
from ser.wording import counted

# Attempts of `stratify` cost one step per group each; so many steps take about a second.
_STEPS = 100_000
_MOST_ATTEMPTS = 300

# What matters in a split: its size and its emotions first, then gender and corpus.
_WEIGHTS = {"size": 4.0, "y": 4.0, "gender": 1.0, "corpus": 1.0}


@dataclass(frozen=True, slots=True)
class SideCounts:
    """What one side of a split holds: a training set or a test set.

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


def split_table(
    table: Table,
    test: float | Sequence[str] = 0.2,
    *,
    by: By = "speaker",
    seed: int = 0,
    name: object = "table",
) -> tuple[FeatureTable, FeatureTable]:
    """Splits a table into a training table and a test table that share no speaker.

    Args:
        table: A feature table, shape (n,).
        test: The part of the clips that the test table gets, between 0 and 1; or the names of its
            speakers, or of its corpora with `by` ``corpus``; see `pick_indices`.
        by: What the tables do not share: ``speaker``, ``corpus``, or only ``clip``. Whatever it is,
            augmented copies stay with their clip, and exact duplicates and files of one take are
            kept together.
        seed: The same seed gives the same split.
        name: What to call the table in an error.

    Returns:
        The training table, with its augmented copies, and the test table without, both in memory.

    Raises:
        ParameterError: `test` is not between 0 and 1, or names what the table does not have.
        TableError: The table cannot be split so: speakers are unknown, or there is only one group.
    """
    if isinstance(test, int | float):
        train, held_out = split_indices(table, test, by=by, seed=seed, name=name)
    else:
        train, held_out = pick_indices(table, test, by=by, name=name, parameter="test")
    whole = table.view(FeatureTable)
    return whole[train], whole[originals(table, held_out)]


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
        by: What is kept apart; see `ser.dataset.groups.groups`.
        seed: The same seed gives the same split.
        name: What to call the table in an error, usually its path.

    Returns:
        The sorted record numbers of the training and of the test side.

    Raises:
        ParameterError: `fraction` is not between 0 and 1.
        TableError: The table cannot be split so: speakers are unknown, or there is only one group.
    """
    if not 0 < fraction < 1:
        raise ParameterError(
            "test", "is not between 0 and 1", "give 0.2 for one fifth", f"{fraction:g}"
        )
    sides = _assign(table, (1 - fraction, fraction), by, seed, name)
    return np.flatnonzero(sides == 0), np.flatnonzero(sides == 1)


def make_folds(
    table: Table, n: int, *, by: By = "speaker", seed: int = 0, name: object = "table"
) -> Folds:
    """Divides a table into `n` test sets that are alike.

    Args:
        table: A feature table.
        n: How many, at least 2; 0 makes one per corpus, with `by` ``corpus``.
        by: What is kept apart; see `ser.dataset.groups.groups`.
        seed: The same seed gives the same folds.
        name: What to call the table in an error, usually its path.

    Raises:
        ParameterError: `n` is under 2.
        TableError: The table has fewer groups than folds, or its speakers are unknown.
    """
    if n == 0 and by == "corpus":
        n = len(np.unique(groups(table, by, name=name)))
        if n < 2:
            raise _too_few(name, n, 2, by)
    if n < 2:
        raise ParameterError("folds", "are too few", "give 2 or more", n)
    sides = _assign(table, [1 / n] * n, by, seed, name)
    tests = tuple(np.flatnonzero(sides == number) for number in range(n))
    return Folds(by, seed, tests, f"{n} folds by {by}")


def pick_indices(
    table: Table,
    names: Sequence[str],
    *,
    by: By = "speaker",
    name: object = "table",
    parameter: str | None = None,
) -> tuple[Indices, Indices]:
    """Splits a table by naming the test side.

    Args:
        table: A feature table.
        names: Speakers as ``corpus/speaker`` or ``speaker``, or corpora; leading zeros and case
            do not matter.
        by: ``speaker`` or ``corpus``.
        name: What to call the table in an error, usually its path.
        parameter: What gives the names, for an error; None for ``speakers`` or ``corpora``.

    Returns:
        The sorted record numbers of the training and of the test side.

    Raises:
        ParameterError: A name is unknown.
        TableError: A name is ambiguous, a side is empty, or the sides would share a clip.
    """
    parameter = parameter or ("speakers" if by == "speaker" else "corpora")
    present = speaker_keys(table) if by == "speaker" else group_names(table, by, name=name)
    chosen = set(match_names(names, set(present), name=name, parameter=parameter))
    test = np.flatnonzero([key in chosen for key in present])
    train = train_indices(len(table), test)
    if not len(train):
        raise TableError(name, "has nothing left to train on", "name fewer test groups")
    check_disjoint(table, test, name=name)
    return train, test


def count_side(table: Table, indices: Indices) -> SideCounts:
    """Counts clips, speakers, emotions and genders of the records with the given numbers."""
    # Field by field, for whole records would bring their features along.
    field = {n: table[n][indices].tolist() for n in ("y", "gender", "corpus", "speaker")}
    speakers = {pair for pair in zip(field["corpus"], field["speaker"], strict=True) if pair[1]}
    return SideCounts(len(indices), len(speakers), Counter(field["y"]), Counter(field["gender"]))


def _assign(table: Table, shares: Sequence[float], by: By, seed: int, name: object) -> Indices:
    """Gives the side of each record, with whole groups on one side."""
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
    return stratify(np.hstack(columns), np.array(weights), shares, seed)[numbers]


def _too_few(name: object, count: int, sides: int, by: str) -> TableError:
    noun = {"speaker": "speaker", "clip": "clip", "corpus": "corpus"}[by]
    found = f"{count} corpora" if by == "corpus" and count != 1 else counted(count, noun)
    advice = "take a larger table" if by == "clip" else "ask for fewer, or split by clip"
    return TableError(
        name,
        f"has {found} that can be kept apart, too few for {sides} sides"
        " (identical clips and files of one take tie groups together)",
        advice,
    )


def stratify(
    counts: Doubles,
    weights: Doubles,
    shares: Sequence[float],
    seed: int,
) -> Indices:
    """Assigns each group to a side, so that every side has its share of every column.

    Groups go one by one, large ones first, to the side where they reduce the squared deviation
    from the shares the most, as in Sechidis et al. (2011), "On the stratification of multi-label
    data". The order is varied at random, and the best of many assignments is taken.

    Args:
        counts: (groups, columns) how much each group holds of each column: clips of an emotion,
            clips by women and so on.
        weights: (columns,) how much a column's deviation matters.
        shares: The part of the whole that each side should get; they sum to 1.
        seed: The same seed gives the same sides.

    Returns:
        The number of the side of each group; no side is empty.

    Raises:
        ValueError: There are fewer groups than sides.
    """
    if len(counts) < len(shares):
        raise ValueError("fewer groups than sides")
    random = np.random.default_rng(seed)
    totals = counts.sum(axis=0)
    # Shares of a column, so that a rare emotion matters as much as a common one.
    parts = counts[:, totals > 0] / totals[totals > 0]
    weight = weights[totals > 0]
    target = np.asarray(shares, dtype=np.float64)[:, None]
    size = counts.sum(axis=1)
    best = np.zeros(len(counts), dtype=np.intp)
    best_loss = np.inf
    for attempt in range(min(_MOST_ATTEMPTS, max(1, _STEPS // len(counts)))):
        # The first goes strictly by size; the others let groups of similar size change places.
        least = 1.0 if attempt == 0 else 0.5
        order = random.permutation(len(size))
        order = order[
            np.argsort(-size[order] * random.uniform(least, 1.0, len(size)), kind="stable")
        ]
        sides, state = _greedy(parts, weight, target, order)
        _fill_empty(sides, state, parts, weight, len(target))
        loss = float((weight * state**2).sum())
        if loss < best_loss - 1e-12:
            best, best_loss = sides, loss
    return best


def _greedy(
    parts: Doubles,
    weight: Doubles,
    target: Doubles,
    order: Indices,
) -> tuple[Indices, Doubles]:
    # How far each side is above its share of each column.
    state = np.repeat(-target, parts.shape[1], axis=1)
    sides = np.zeros(len(parts), dtype=np.intp)
    weighted = parts * weight
    for group in order:
        # The square (s + p)² - s² = 2sp + p², and p² is the same for every side.
        side = int(np.argmin(state @ weighted[group]))
        sides[group] = side
        state[side] += parts[group]
    return sides, state


def _fill_empty(
    sides: Indices,
    state: Doubles,
    parts: Doubles,
    weight: Doubles,
    number: int,
) -> None:
    for side in range(number):
        sizes = np.bincount(sides, minlength=number)
        if sizes[side]:
            continue
        # Small shares of few groups can leave a side with nothing; it gets the group that
        # costs least, from a side that can spare one.
        movable = np.flatnonzero(sizes[sides] > 1)
        cost = (weight * ((state[side] + parts[movable]) ** 2 - state[side] ** 2)).sum(axis=1)
        left = state[sides[movable]]
        cost += (weight * ((left - parts[movable]) ** 2 - left**2)).sum(axis=1)
        group = movable[np.argmin(cost)]
        state[sides[group]] -= parts[group]
        state[side] += parts[group]
        sides[group] = side
