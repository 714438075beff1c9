"""Files that one process of the tests makes and all of them read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import filelock
import pytest


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Gives a file that is made by the first process of a run of tests that wants it.

    The others wait for it meanwhile.

    Args:
        factory: Of pytest.
        name: What the file is called.
        make: Writes the file of a path that it is given.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        target = factory.mktemp("shared") / name
        make(target)
        return target
    folder = factory.getbasetemp().parent / "shared"
    folder.mkdir(exist_ok=True)
    target = folder / name
    with filelock.FileLock(folder / f"{name}.lock"):
        if not target.exists():
            # What breaks off must not be taken for a whole file.
            part = folder / "part"
            part.mkdir(exist_ok=True)
            make(part / name)
            (part / name).replace(target)
    return target
