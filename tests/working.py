"""Functions for worker processes, which must find them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from ser.errors import SerError


def square(number: int) -> int:
    return number * number


def process(number: int) -> int:
    return os.getpid()


def uneven(number: int) -> int:
    """The first of each batch takes longest, so that others overtake it."""
    time.sleep(0.02 if number % 16 == 0 else 0.0)
    return number


def fragile(number: int) -> int:
    """Dies of a signal, as of a fault in a C library, for numbers that end in 7."""
    if number % 10 == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return -number


def refusing(number: int) -> int:
    if number == 20:
        raise ValueError(f"not {number}")
    return number


def weak(path: Path) -> str:
    """Dies the first time it sees a path, as for want of memory that comes back."""
    if not path.exists():
        path.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path.name


def slow_after_some(number: int) -> int:
    """The second batch takes longer than any test waits."""
    time.sleep(600 if number >= 8 else 0)
    return number


def touching(path: Path) -> str:
    """Leaves a trace of having been done, and takes some time."""
    path.touch()
    time.sleep(0.02)
    return path.name


def unwilling(number: int) -> int:
    raise SerError(number, "is not welcome", "do not ask")


def deadly_elsewhere(number: int, home: int, item: int) -> int:
    """Takes down every process but one."""
    if number == item and os.getpid() != home:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def dying(item: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


preloaded_in: list[int] = []
"""The processes in which `preload` was called, up to this one."""


def preload() -> None:
    import colorsys  # noqa: F401

    preloaded_in.append(os.getpid())


def preload_missing() -> None:
    raise ModuleNotFoundError("an extra is not installed")


def preloaded(item: object) -> tuple[int, ...]:
    """Gives the processes in which `preload` was called."""
    return tuple(preloaded_in)


def process_or_sleep(number: int) -> int:
    """Gives its process for numbers below 8, and takes longer than any test waits for others."""
    time.sleep(600 if number >= 8 else 0)
    return os.getpid()
