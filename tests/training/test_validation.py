"""What is trained on and what is validated on, as the user asked for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_table, ravdess_table

from ser.dataset.table import Table, write_table
from ser.errors import SerError, TableError
from ser.training.validation import ValidationSplit, split_validation


def sides(table: Table, division: ValidationSplit) -> tuple[set[str], set[str]]:
    data = division.data
    assert data.validation is not None
    source = table if data.validation_table is None else data.validation_table
    return (
        set(table["speaker"][data.train].tolist()),
        set(source["speaker"][data.validation].tolist()),
    )


def test_a_part_of_the_speakers() -> None:
    table = ravdess_table()
    division = split_validation(table, "0.25", 0)
    train, watched = sides(table, division)
    assert not train & watched
    assert len(watched) == 6
    assert division.data.validation is not None
    every = [*division.data.train.tolist(), *division.data.validation.tolist()]
    assert sorted(every) == list(range(len(table)))
    assert (
        division.protocol
        == "ravdess (360 clips, 24 speakers), validated on 90 clips (speakers apart)"
    )
    assert division.notes == division.warnings == ()
    again, other = split_validation(table, "0.25", 0), split_validation(table, "0.25", 1)
    assert sides(table, again) == (train, watched)
    assert sides(table, other) != (train, watched)


@pytest.mark.parametrize("none", ["0", "0.0", "0e3"])
def test_nothing(none: str) -> None:
    division = split_validation(ravdess_table(2), none, 0)
    assert division.data.validation is None
    assert len(division.data.train) == 30
    assert division.protocol.endswith("nothing set aside")


def test_records_without_an_emotion_are_on_no_side() -> None:
    table = ravdess_table()
    table["y"][::7] = ""
    unlabelled = set(np.flatnonzero(table["y"] == "").tolist())
    for validation in ("0", "0.25"):
        division = split_validation(table, validation, 0)
        used = set(division.data.train.tolist())
        if division.data.validation is not None:
            used |= set(division.data.validation.tolist())
        assert used == set(range(len(table))) - unlabelled
        assert division.notes == (f"left out: {len(unlabelled)} records without an emotion",)


def test_speakers_that_are_not_known() -> None:
    table = ravdess_table()
    table["speaker"][0] = ""
    division = split_validation(table, "0.25", 0)
    assert "may share their speakers" in division.notes[0]
    assert division.protocol.endswith("(clips apart)")


def test_copies_stay_with_their_clip() -> None:
    table = ravdess_table()
    copies = table.copy()
    copies["augment"] = "noise"
    both = np.concatenate([table, copies])
    both["speaker"] = ""
    division = split_validation(both, "0.3", 0)
    data = division.data
    assert data.validation is not None
    train, watched = (set(both["path"][i].tolist()) for i in (data.train, data.validation))
    assert not train & watched


def test_augmented_copies_are_trained_on_and_never_validated_on(tmp_path: Path) -> None:
    table = ravdess_table()
    copies = table.copy()
    copies["augment"] = "noise"
    both = np.concatenate([table, copies])
    data = split_validation(both, "0.25", 0).data
    assert data.validation is not None
    assert len(data.validation) == 90
    assert set(both["augment"][data.validation].tolist()) == {""}
    assert np.count_nonzero(both["augment"][data.train] == "noise") == 270
    # A table of its own has copies as well.
    write_table(tmp_path / "v.npy", both)
    for validation in (str(tmp_path / "v.npy"), both):
        data = split_validation(ravdess_table(2), validation, 0).data
        assert data.validation is not None
        assert data.validation.tolist() == list(range(len(table)))
    # Of copies alone, nothing else can be validated on.
    write_table(tmp_path / "v.npy", copies)
    data = split_validation(ravdess_table(2), str(tmp_path / "v.npy"), 0).data
    assert data.validation is not None
    assert len(data.validation) == len(copies)


def test_a_table_of_its_own(tmp_path: Path) -> None:
    table = ravdess_table()
    few = table[table["speaker"] == "24"]
    few["y"][0] = ""
    write_table(tmp_path / "v.npy", few)
    division = split_validation(table[table["speaker"] != "24"], str(tmp_path / "v.npy"), 0)
    assert len(division.data.train) == 345
    assert division.data.validation is not None
    assert division.data.validation.tolist() == list(range(1, 15))
    assert division.warnings == ()
    division = split_validation(table, str(tmp_path / "v.npy"), 0, name="t.npy")
    assert division.warnings[0].startswith("1 of the speakers in ")
    assert "are in t.npy as well (ravdess/24)" in division.warnings[0]
    # The same number in another corpus is another person.
    few["corpus"] = "tess"
    write_table(tmp_path / "v.npy", few)
    assert split_validation(table, str(tmp_path / "v.npy"), 0).warnings == ()


@pytest.mark.parametrize("changes", [{"frames": 9}, {"coefficients": 7}])
def test_a_table_of_other_features(tmp_path: Path, changes: dict[str, Any]) -> None:
    write_table(tmp_path / "v.npy", make_table(4, **changes))
    with pytest.raises(SerError, match=r"v\.npy: has other features than t\.npy"):
        split_validation(ravdess_table(2), str(tmp_path / "v.npy"), 0, name="t.npy")


@pytest.mark.parametrize("wrong", ["-0.1", "1", "1.5", "nan", "inf"])
def test_parts_that_are_none(wrong: str) -> None:
    with pytest.raises(SerError, match=f"validation={wrong}: is not between 0 and 1"):
        split_validation(ravdess_table(4), wrong, 0)


def test_one_speaker_cannot_be_divided() -> None:
    with pytest.raises(TableError, match=r"t\.npy: has clips of one speaker alone"):
        split_validation(ravdess_table(1), "0.2", 0, name="t.npy")


def test_a_table_without_emotions() -> None:
    table = ravdess_table(2)
    table["y"] = ""
    for validation in ("0", "0.25"):
        with pytest.raises(TableError, match=r"t.npy: has no record with an emotion"):
            split_validation(table, validation, 0, name="t.npy")


def test_one_speaker_alone() -> None:
    table = ravdess_table(1)
    with pytest.raises(TableError, match=r"clips of one speaker alone.*`validation=0`"):
        split_validation(table, "0.25", 0)
    assert split_validation(table, "0", 0).data.validation is None
    table["speaker"] = ""
    assert split_validation(table, "0.25", 0).data.validation is not None
