"""Checks of arguments that programs give, with the nearest name as the answer to an unknown one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ser.errors import ParameterError, choose_from


def check_choice(parameter: str, value: object, known: Iterable[str]) -> None:
    """Checks that an argument is one of several names.

    Args:
        parameter: The argument.
        value: Its value.
        known: The names that there are.

    Raises:
        ParameterError: It is another one.
    """
    names = list(known)
    if value not in names:
        raise ParameterError(parameter, "is unknown", choose_from(str(value), names), value)


def check_names(function: str, given: Mapping[str, Any], known: Collection[str]) -> None:
    """Checks the names of arguments that a function passes on.

    Args:
        function: The function.
        given: Its further arguments by name.
        known: The names that there are.

    Raises:
        TypeError: There is no argument of a name.
    """
    for name in given:
        if name not in known:
            cure = choose_from(name, known)
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}; {cure}")


def several(given: Any) -> Any:
    """Gives one string, path or table as a list of one; all else as it is."""
    return [given] if isinstance(given, str | Path | np.ndarray) else given
