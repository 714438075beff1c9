"""Finds damage in feature tables when they are opened, before anything is computed from them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Array

# Records that are looked at together.
_BLOCK = 4096

_LAST_CODE_POINT = 0x10FFFF


def find_damage(table: np.ndarray[Any, np.dtype[Any]]) -> str | None:
    """Says what is wrong with a table, or None where nothing is.

    The features themselves are not read, which would take as long as reading the whole file.

    Args:
        table: A structured array with all fields of a feature table.
    """
    return next(_type_problems(table.dtype), None) or next(_value_problems(table), None)


def _type_problems(dtype: np.dtype[Any]) -> Iterator[str]:
    for name in dtype.names or ():
        field = dtype[name]
        wanted, dimensions = _expected(name)
        if wanted is None:
            continue
        if field.base.kind not in wanted or len(field.shape) != dimensions or 0 in field.shape:
            yield f"its field {name} has the type {field.base} and the shape {field.shape}"


def _expected(name: str) -> tuple[str | None, int]:
    """Gives the kinds of NumPy types that a field may have, and its dimensions in a record."""
    match name:
        case "x":
            return "f", 2
        case "functionals":
            return "f", 1
        case "frames":
            return "iu", 0
        case "start" | "duration":
            return "f", 0
        case "y" | "speaker" | "corpus" | "path" | "text" | "intensity" | "gender" | "augment":
            return "U", 0
    return None, 0


def _value_problems(table: np.ndarray[Any, np.dtype[Any]]) -> Iterator[str]:
    most = table.dtype["x"].shape[0]
    texts = [name for name in table.dtype.names or () if table.dtype[name].kind == "U"]
    for first in range(0, len(table), _BLOCK):
        block = table[first : first + _BLOCK]
        for name in texts:
            number = _first(_code_points(block[name]) > _LAST_CODE_POINT)
            if number is not None:
                yield f"record {first + number} has no text in its field {name}"
        frames = np.asarray(block["frames"])
        number = _first((frames < 0) | (frames > most))
        if number is not None:
            yield f"record {first + number} has {frames[number]} of {most} frames"
        for name in ("start", "duration"):
            number = _first(~np.isfinite(np.asarray(block[name])))
            if number is not None:
                yield f"record {first + number} has no number in its field {name}"


def _code_points(column: Array) -> Array:
    """Gives the highest code point of each text."""
    if not column.dtype.itemsize or not len(column):
        return np.zeros(len(column), np.uint32)
    plain = np.ascontiguousarray(column)
    numbers = plain.view(np.dtype(np.uint32).newbyteorder(plain.dtype.byteorder))
    highest: Array = numbers.reshape(len(plain), -1).max(axis=1)
    return highest


def _first(bad: npt.NDArray[np.bool_]) -> int | None:
    found = np.flatnonzero(bad)
    return int(found[0]) if len(found) else None
