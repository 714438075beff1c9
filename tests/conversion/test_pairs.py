"""Pairs: who says the same sentence in two ways."""

from __future__ import annotations

import numpy as np
import pytest
from tables import ravdess_table
from voiced import parallel_table

from ser.conversion.pairs import MAX_SECONDS, find_pairs, intensity_values, select_usable
from ser.dataset.table import Table
from ser.errors import SerError, TableError

MANNERS = {
    ("neutral", "normal"): {},
    ("sad", "normal"): {"stretch": 1.2},
    ("angry", "strong"): {"pitch": 6.0, "gain": 10.0},
}


@pytest.fixture(scope="module")
def table() -> Table:
    return parallel_table(MANNERS)


def test_pairs_share_speaker_and_sentence(table: Table) -> None:
    pairs = find_pairs(table, np.arange(len(table)))
    assert len(pairs) == 4 * len(table)
    for source, target, positions in zip(pairs.source, pairs.target, pairs.positions, strict=True):
        for field in ("speaker", "text"):
            assert table[field][source] == table[field][target]
        assert positions.shape == (table["frames"][source],)
        assert positions.max() <= table["frames"][target] - 1
        assert (np.diff(positions) >= 0).all()
    assert set(pairs.target.tolist()) == set(range(len(table)))


def test_shares(table: Table) -> None:
    same = find_pairs(table, np.arange(len(table)), same=1.0)
    assert (same.source == same.target).all()
    np.testing.assert_array_equal(same.positions[0], np.arange(len(same.positions[0])))
    neutral = find_pairs(table, np.arange(len(table)), same=0.0, neutral=1.0)
    assert (neutral.source != neutral.target).all()
    loud = table["y"][neutral.target] != "neutral"
    assert set(table["y"][neutral.source][loud].tolist()) == {"neutral"}


def test_only_the_records_named(table: Table) -> None:
    own = np.flatnonzero(table["speaker"] == "02")
    pairs = find_pairs(table, own)
    assert set(pairs.source.tolist()) | set(pairs.target.tolist()) <= set(own.tolist())


def test_the_seed_decides(table: Table) -> None:
    one, same, other = (find_pairs(table, np.arange(len(table)), seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.source, same.source)
    assert (one.source != other.source).any()


def test_progress_counts_what_is_aligned(table: Table) -> None:
    counts: list[int] = []
    pairs = find_pairs(table, np.arange(len(table)), progress=counts.append)
    different = {
        pair
        for pair in zip(pairs.source.tolist(), pairs.target.tolist(), strict=True)
        if pair[0] != pair[1]
    }
    assert sum(counts) == len(different)


def test_nobody_says_anything_twice(table: Table) -> None:
    with pytest.raises(TableError, match="no pairs"):
        find_pairs(table, np.flatnonzero(table["y"] == "sad"))


def test_other_features_are_refused() -> None:
    with pytest.raises(SerError, match="preset translate"):
        find_pairs(ravdess_table(4), np.arange(4))


def test_intensities(table: Table) -> None:
    found = dict(zip(table["y"].tolist(), intensity_values(table).tolist(), strict=True))
    assert found == pytest.approx({"neutral": 1.0, "sad": 0.4, "angry": 1.0})


def test_what_is_too_long_or_unknown(table: Table) -> None:
    table = table.copy()
    table["frames"][0] = 100 * MAX_SECONDS
    table["frames"][1] = 100 * MAX_SECONDS + 1
    table["speaker"][2] = ""
    table["y"][3] = ""
    kept = select_usable(table, np.arange(6))
    assert kept.tolist() == [0, 4, 5]
