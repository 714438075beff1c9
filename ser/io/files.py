"""Output files that appear complete or not at all, and the base class of what must be closed."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from ser.errors import SerError

STANDARD = "-"
"""The name of standard input and standard output."""


@contextlib.contextmanager
def atomic_path(target: Path, token: str = "") -> Iterator[Path]:
    """Yields a temporary path beside `target` that replaces it when the block ends well.

    The temporary name keeps the target's suffix, because many writers choose their format by it.
    After an exception nothing is left and an older `target` stays as it was. A device or a named
    pipe is not replaced but gets the finished bytes; a symbolic link stays one.

    Args:
        target: Where the finished file belongs; its folder is made when it is missing.
        token: Becomes part of the temporary name; see `remove_leftovers`.

    Yields:
        A path in the same folder, so that the final rename cannot cross a file system.

    Raises:
        OSError: The target is a folder, or cannot be written.
    """
    if is_special(target):
        with tempfile.TemporaryDirectory() as folder:
            finished = Path(folder) / f"output{target.suffix}"
            yield finished
            with finished.open("rb") as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
        return
    target = real_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{target.stem[:40]}-{token}-" if token else f".{target.stem[:40]}-",
        suffix=target.suffix,
        dir=target.parent,
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; the finished one gets the permissions of any new file.
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Makes a folder for outputs, with those above it, unless it is there.

    Raises:
        SerError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SerError(
            folder, f"cannot be made ({error.strerror or error})", "name another folder"
        ) from error


def remove_leftovers(folder: Path, token: str) -> None:
    """Removes the temporary files of `atomic_path` with this token that killed processes left."""
    with contextlib.suppress(OSError):
        for left in folder.iterdir():
            if left.name.startswith(".") and f"-{token}-" in left.name:
                left.unlink(missing_ok=True)


@contextlib.contextmanager
def open_output(target: str | Path, *, binary: bool = False) -> Iterator[IO[str] | IO[bytes]]:
    """Opens standard output for ``-``, and an atomically replaced file for everything else.

    Args:
        target: A path, or ``-``.
        binary: Open for bytes instead of UTF-8 text.

    Yields:
        A writable file object.
    """
    if str(target) == STANDARD:
        yield sys.stdout.buffer if binary else sys.stdout
        (sys.stdout.buffer if binary else sys.stdout).flush()
        return
    with atomic_path(Path(target)) as temporary:
        if binary:
            with temporary.open("wb") as stream:
                yield stream
        else:
            with temporary.open("w", encoding="utf-8", newline="") as text:
                yield text


def is_special(target: Path) -> bool:
    """Says whether something other than a file or a folder has this name: a device, a pipe."""
    try:
        mode = target.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def real_target(target: Path) -> Path:
    """Follows symbolic links, so that a rename replaces the file and not the link.

    Raises:
        IsADirectoryError: The target is a folder.
    """
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


class Closeable(ABC):
    """Base of what has a `close` method: a ``with`` block calls it at its end."""

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Closes it; an exception is not suppressed."""
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Releases what it holds; a second call does nothing."""
