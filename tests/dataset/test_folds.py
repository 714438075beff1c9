from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tables import make_table, ravdess_table

from ser.dataset.folds import PUBLISHED, read_folds, write_folds
from ser.dataset.groups import By
from ser.dataset.split import make_folds
from ser.errors import ParameterError, SerError, TableError


@pytest.mark.parametrize("by", ["speaker", "clip", "corpus"])
def test_round_trip(tmp_path: Path, by: By) -> None:
    table = ravdess_table(6)
    table["corpus"][:30] = "other"
    folds = make_folds(table, 2, by=by, seed=3)
    write_folds(tmp_path / "mine.json", table, folds)
    again = read_folds(table, tmp_path / "mine.json")
    assert (again.by, again.seed, again.name) == (by, 3, "mine")
    for mine, theirs in zip(folds.tests, again.tests, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_fold_files_fit_other_tables_of_the_same_corpora(tmp_path: Path) -> None:
    table = ravdess_table(6)
    write_folds(tmp_path / "f.json", table, make_folds(table, 3))
    shuffled = table[np.random.default_rng(0).permutation(len(table))]
    folds = read_folds(shuffled, tmp_path / "f.json")
    for mine, theirs in zip(make_folds(table, 3).tests, folds.tests, strict=True):
        assert sorted(table["path"][mine]) == sorted(shuffled["path"][theirs])


def test_published_folds_of_ravdess() -> None:
    table = ravdess_table()
    folds = read_folds(table, "ravdess")
    assert (folds.by, folds.name, len(folds.tests)) == ("speaker", "ravdess", 5)
    actors = [sorted({int(s) for s in table["speaker"][test]}) for test in folds.tests]
    assert actors == [
        [2, 5, 14, 15, 16],
        [3, 6, 7, 13, 18],
        [10, 11, 12, 19, 20],
        [8, 17, 21, 23, 24],
        [1, 4, 9, 22],
    ]
    assert sorted(name for fold in PUBLISHED["ravdess"] for name in fold) == [
        f"ravdess/{actor:02d}" for actor in range(1, 25)
    ]


def test_other_corpora_are_trained_on_and_never_tested() -> None:
    table = np.concatenate([ravdess_table(), make_table(8, seed=9, corpus="tess", speaker="")])
    folds = read_folds(table, "ravdess")
    tested = np.concatenate(folds.tests)
    assert set(table["corpus"][tested].tolist()) == {"ravdess"}
    assert len(tested) == len(table) - 8


def test_names_may_be_short(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"by": "speaker", "folds": [["1"], ["ravdess/2", "77"]]}')
    folds = read_folds(ravdess_table(3), tmp_path / "f.json")
    assert [len(test) for test in folds.tests] == [15, 15]


def test_a_fold_without_records_is_an_error() -> None:
    with pytest.raises(TableError, match=r"t: has nothing for fold 4 of ravdess \(ravdess/08, "):
        # Actors 9 to 16 alone.
        read_folds(ravdess_table(16)[15 * 8 :], "ravdess", name="t")


def test_duplicates_across_folds_are_an_error() -> None:
    table = ravdess_table()
    table["x"][0] = table["x"][-1]
    with pytest.raises(TableError, match="same sound on both sides"):
        read_folds(table, "ravdess")


def test_a_group_in_two_folds_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text('{"by": "speaker", "folds": [["1"], ["01", "2"]]}')
    with pytest.raises(SerError, match="names ravdess/01 in several folds"):
        read_folds(ravdess_table(3), tmp_path / "f.json")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not a readable fold file"),
        ("[]", "does not say what its folds are by"),
        ('{"by": "gender", "folds": [["a"], ["b"]]}', "does not say what its folds are by"),
        ('{"by": "speaker", "folds": [["a"]]}', "does not list two folds"),
        ('{"by": "speaker", "folds": [["a"], [1]]}', "does not list two folds"),
        ('{"by": "speaker", "folds": {"a": 1}}', "does not list two folds"),
        ('{"by": "speaker", "seed": "x", "folds": [["a"], ["b"]]}', "does not list two folds"),
    ],
)
def test_broken_fold_files(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "f.json").write_text(content)
    with pytest.raises(SerError, match=message):
        read_folds(ravdess_table(3), tmp_path / "f.json")


def test_a_missing_fold_file_names_the_alternatives(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"does not exist; give a number of folds.*ravdess"):
        read_folds(ravdess_table(3), tmp_path / "none.json")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            "ravdes",
            r"^cv=ravdes: is no file and .*; did you mean ravdess\? Otherwise give",
        ),
        (
            "zzz",
            r"^cv=zzz: is no file and names no published folds; give a number of folds",
        ),
    ],
)
def test_folds_of_an_unknown_name(given: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        read_folds(ravdess_table(3), given, parameter="cv")


def test_the_file_is_plain_json(tmp_path: Path) -> None:
    table = ravdess_table(4)
    write_folds(tmp_path / "f.json", table, make_folds(table, 2, seed=1))
    content = json.loads((tmp_path / "f.json").read_text())
    assert content["by"] == "speaker"
    assert content["seed"] == 1
    names = sorted(name for fold in content["folds"] for name in fold)
    assert names == [f"ravdess/{actor:02d}" for actor in range(1, 5)]
