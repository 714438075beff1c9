"""Standard streams that are closed: a command does its work without them.

``command <&- >&- 2>&-`` starts a process without the descriptors 0, 1 and 2. Python's streams are
None then, and the next file that is opened gets one of these numbers: whatever a library prints
would go into it.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys

# How a descriptor is opened in the place of a closed one. Input is empty, messages go nowhere, and
# data cannot be written, as with the closed one: they would be lost.
_STAND_INS = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))


def open_closed_streams() -> None:
    """Gives `sys` the standard streams that it lacks, and their descriptors to nothing else."""
    for number, (name, flags) in enumerate(_STAND_INS):
        if getattr(sys, name) is not None:
            continue
        descriptor = os.open(os.devnull, flags)
        if descriptor != number and not _is_open(number):
            os.dup2(descriptor, number)
            os.close(descriptor)
            descriptor = number
        raw = io.FileIO(descriptor, "r" if name == "stdin" else "w", closefd=False)
        buffer = io.BufferedReader(raw) if name == "stdin" else io.BufferedWriter(raw)
        stream = io.TextIOWrapper(
            buffer, "utf-8", "backslashreplace" if name == "stderr" else "strict"
        )
        setattr(sys, name, stream)


def _is_open(number: int) -> bool:
    with contextlib.suppress(OSError):
        os.fstat(number)
        return True
    return False
