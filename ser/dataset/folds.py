"""Folds by name: a JSON file that lists the groups of each test set, or published folds.

A fold file names groups and not record numbers, so that it fits every table made from the same
corpora, whatever its features::

    {"by": "speaker", "seed": 0, "folds": [["ravdess/02", "ravdess/05"], ["ravdess/03"]]}
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import numpy as np

from ser.arrays import Indices
from ser.dataset.groups import By, check_disjoint, group_names, match_names
from ser.dataset.table import Table, speaker_keys
from ser.errors import ParameterError, SerError, TableError, nearest
from ser.io.files import open_output
from ser.io.jsontext import parse_json

PUBLISHED = MappingProxyType(
    {
        # Luna-Jiménez et al. (2021), "Multimodal emotion recognition on RAVDESS dataset using
        # transfer learning", Sensors 21(22):7665: every class and gender in every test set.
        "ravdess": tuple(
            tuple(f"ravdess/{actor:02d}" for actor in actors)
            for actors in (
                (2, 5, 14, 15, 16),
                (3, 6, 7, 13, 18),
                (10, 11, 12, 19, 20),
                (8, 17, 21, 23, 24),
                (1, 4, 9, 22),
            )
        )
    }
)
"""Folds that papers use, by name, so that figures can be compared."""


@dataclass(frozen=True, eq=False)
class Folds:
    """Test sets that a table is tested on in turn; the training set is always the rest.

    Attributes:
        by: What is kept apart: ``speaker``, ``clip`` or ``corpus``.
        seed: The seed that they were made with.
        tests: The sorted record numbers of each test set; no record is in two of them.
        name: What to call the folds in a protocol.
    """

    by: str
    seed: int
    tests: tuple[Indices, ...]
    name: str


def write_folds(path: Path, table: Table, folds: Folds) -> None:
    """Writes the groups of each test set as JSON.

    Args:
        path: The fold file, replaced as a whole.
        table: The table that the folds were made for.
        folds: The folds.
    """
    names = np.array(_names(table, folds.by), dtype=object)
    content = {
        "by": folds.by,
        "seed": folds.seed,
        "folds": [sorted(set(names[test].tolist())) for test in folds.tests],
    }
    with open_output(path) as stream:
        json.dump(content, cast(Any, stream), ensure_ascii=False, indent=1)
        cast(Any, stream).write("\n")


def read_folds(
    table: Table,
    name_or_path: str | Path,
    *,
    name: object = "table",
    parameter: str = "folds",
    disjoint: bool = True,
) -> Folds:
    """Finds the test sets that a fold file or a published division gives a table.

    Records of groups that are in no fold are never tested on. Groups that the table does not have
    are skipped, as long as every fold has one.

    Args:
        table: A feature table.
        name_or_path: A fold file, or a name out of `PUBLISHED`.
        name: What to call the table in an error, usually its path.
        parameter: What names the folds, for an error; ``split`` takes no number of them.
        disjoint: Refuse folds that would have the same sound on both sides.

    Raises:
        ParameterError: It is the name of no published division.
        SerError: The file cannot be read or is not a fold file.
        TableError: A fold has no record of the table, or the same sound would be on both sides.
    """
    text = str(name_or_path)
    if text in PUBLISHED:
        by, seed, lists = "speaker", 0, [list(fold) for fold in PUBLISHED[text]]
    else:
        by, seed, lists = _read(Path(text), parameter)
    present = _names(table, by)
    # A clip's name may hold anything, so only speakers and corpora are matched loosely.
    known = set(present)
    tests = []
    taken: Counter[str] = Counter()
    for number, wanted in enumerate(lists, start=1):
        chosen = (
            known.intersection(wanted)
            if by == "clip"
            else set(match_names(wanted, known, name=name))
        )
        taken.update(chosen)
        test = np.flatnonzero([key in chosen for key in present])
        if not len(test):
            raise TableError(
                name,
                f"has nothing for fold {number} of {text} ({', '.join(wanted[:5])})",
                "choose folds that were made for its corpora",
            )
        if disjoint:
            check_disjoint(table, test, name=name)
        tests.append(test)
    twice = sorted(key for key, times in taken.items() if times > 1)
    if twice:
        raise SerError(text, f"names {twice[0]} in several folds", "name each group once")
    return Folds(by, seed, tuple(tests), text if text in PUBLISHED else Path(text).stem)


def _names(table: Table, by: str) -> list[str]:
    # Records without a speaker cannot be tested on, but they may be trained on.
    return speaker_keys(table) if by == "speaker" else group_names(table, cast(By, by))


def _read(path: Path, parameter: str) -> tuple[str, int, list[list[str]]]:
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        number = "" if parameter == "split" else "a number of folds, "
        cure = f"give {number}a fold file or {' or '.join(PUBLISHED)}"
        if path.suffix or len(path.parts) > 1:
            raise SerError(path, "does not exist", cure) from error
        near = nearest(str(path), PUBLISHED)
        if near is not None:
            cure = f"did you mean {near}? Otherwise {cure}"
        cause = "is no file and names no published folds"
        raise ParameterError(parameter, cause, cure, path) from error
    except (OSError, ValueError) as error:
        raise SerError(path, f"is not a readable fold file ({error})", _CURE) from error
    if not isinstance(content, dict) or content.get("by") not in ("speaker", "clip", "corpus"):
        raise SerError(path, "does not say what its folds are by", _CURE)
    lists = content.get("folds")
    seed = content.get("seed", 0)
    if (
        not isinstance(lists, list)
        or len(lists) < 2
        or not all(isinstance(f, list) and all(isinstance(n, str) for n in f) for f in lists)
        or type(seed) is not int
    ):
        raise SerError(path, "does not list two folds or more", _CURE)
    return content["by"], seed, lists


_CURE = 'it looks like {"by": "speaker", "seed": 0, "folds": [["ravdess/01"], ["ravdess/02"]]}'
