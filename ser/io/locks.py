"""Locks on files: who writes a file now, and whether whoever wrote it has died.

The operating system frees a lock when its process ends, however it ends, so that a file without a
lock is nobody's. Where a file system or system has no locks, nothing is locked, and nothing that
another run may be writing is removed.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from ser.errors import SerError

try:
    import fcntl
except ImportError:  # pragma: no cover (Windows)
    fcntl = None  # type: ignore[assignment]

LOCK_SUFFIX = ".ser-lock"
"""The ending of files that are nothing but a lock; see `ser.io.files.hold_output`."""

# Names of temporary files and locks: nothing that a user would call a file.
_HIDDEN = re.compile(r"\..*\.ser-([a-z0-9_]{8}|lock)(\.[^.]*)?", re.DOTALL)


class LockedError(SerError):
    """Another run writes the same output."""


def try_lock(descriptor: int) -> bool:
    """Locks an open file for this process; False where another has locked it."""
    if fcntl is None:  # pragma: no cover (Windows)
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        # A file system without locks.
        return True
    return True


def open_locked(path: Path, subject: object) -> int:
    """Opens a file for reading and writing, made where it is missing, and locks it.

    Args:
        path: The file.
        subject: The output, for the message.

    Returns:
        Its descriptor; whoever closes it frees the lock.

    Raises:
        LockedError: Another run has locked it.
        OSError: It cannot be opened.
    """
    if fcntl is None:  # pragma: no cover (Windows, where an open file cannot be renamed)
        path.touch()
        return os.open(os.devnull, os.O_RDONLY)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        if not try_lock(descriptor):
            os.close(descriptor)
            raise LockedError(
                subject, "is being written by another run", "wait for it, or name another output"
            )
        if is_named(descriptor, path):
            return descriptor
        # Whoever had the lock has renamed or removed the file in the meantime.
        os.close(descriptor)


def is_named(descriptor: int, path: Path) -> bool:
    """Says whether a path still names an open file."""
    try:
        found = path.stat()
    except OSError:
        return False
    own = os.fstat(descriptor)
    return (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino)


def remove_dead(folder: Path) -> None:
    """Removes the temporary files and locks that killed runs have left in a folder."""
    if fcntl is None:  # pragma: no cover (Windows)
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") and _HIDDEN.fullmatch(entry.name):
                with contextlib.suppress(OSError):
                    _remove_if_dead(Path(entry.path))


def _remove_if_dead(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        # Where nothing can be locked, nobody can say whether its writer lives.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)
