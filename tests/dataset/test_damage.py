"""Damage of tables: found when they are opened, whichever field it is in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tables import make_table

from ser.dataset.damage import find_damage
from ser.dataset.table import read_table, write_table
from ser.errors import TableError


def plain() -> Any:
    return np.array(make_table(5))


def test_nothing_is_wrong_with_a_table() -> None:
    assert find_damage(plain()) is None
    assert find_damage(plain()[:0]) is None
    swapped = plain().dtype.newbyteorder(">")
    assert find_damage(plain().astype(swapped)) is None


@pytest.mark.parametrize("name", ["y", "speaker", "path", "augment"])
def test_code_points_that_do_not_exist(name: str, tmp_path: Path) -> None:
    table = plain()
    at = table.dtype.fields[name][1]
    table.view(np.uint8).reshape(len(table), -1)[3, at : at + 4] = 255
    assert find_damage(table) == f"record 3 has no text in its field {name}"
    write_table(tmp_path / "t.npy", table)
    with pytest.raises(TableError, match=f"t.npy: is damaged: record 3 .* {name}; make it again"):
        read_table(tmp_path / "t.npy")


@pytest.mark.parametrize(
    ("name", "value"), [("frames", -1), ("frames", 10**6), ("start", np.nan), ("duration", np.inf)]
)
def test_numbers_that_are_none(name: str, value: float) -> None:
    table = plain()
    table[name][2] = value
    assert str(find_damage(table)).startswith("record 2 has ")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("x", "<i4"), ("frames", "<f4"), ("y", "<i8"), ("start", "<M8[s]"), ("text", "S5")],
)
def test_fields_of_other_types(name: str, kind: str) -> None:
    fields: list[Any] = []
    for each, (type_, _, *title) in plain().dtype.fields.items():
        if title and each == title[0]:
            continue
        shape = type_.shape
        changed = (np.dtype(kind), shape) if each == name else (type_.base, shape)
        fields.append(((title[0], each) if title else each, *changed))
    problem = find_damage(np.zeros(2, np.dtype(fields)))
    assert str(problem).startswith(f"its field {name} has the type ")
