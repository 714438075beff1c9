"""Output files that appear complete or not at all, and the base class of what must be closed."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
import stat
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from ser.errors import SerError, cannot_write
from ser.io.locks import LOCK_SUFFIX, is_named, open_locked, remove_dead, try_lock

STANDARD = "-"
"""The name of standard input and standard output."""


@contextlib.contextmanager
def atomic_path(target: Path, token: str = "") -> Iterator[Path]:
    """Yields a temporary path beside `target` that replaces it when the block ends well.

    The temporary name keeps the target's suffix, because many writers choose their format by it.
    After an exception nothing is left and an older `target` stays as it was. Each run has a name of
    its own: of several at a time, one wins whole. What a kill has left is removed by the next
    process that writes into the folder. A device or a named pipe is not replaced but gets the
    finished bytes; a symbolic link stays one.

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
    temporary = TemporaryOutput(target, token)
    try:
        yield temporary.create()
        temporary.commit()
    finally:
        temporary.discard()


class TemporaryOutput:
    """A file beside a target, which it replaces when it is complete; see `atomic_path`.

    Args:
        target: Where the finished file belongs; no device or pipe.
        token: Becomes part of the temporary name.

    Attributes:
        path: The temporary path, once it has been made.
    """

    def __init__(self, target: Path, token: str = "") -> None:
        self._target = target
        self._token = token
        self._descriptor: int | None = None
        self.path: Path | None = None

    def create(self) -> Path:
        """Makes the file, with a lock that says that its writer lives.

        Returns:
            Its path. Whatever comes from now on, an interruption too, `discard` removes it.

        Raises:
            OSError: The target is a folder, or cannot be written.
        """
        target = self._target = real_target(self._target)
        target.parent.mkdir(parents=True, exist_ok=True)
        _clean_once(target.parent)
        start = f".{target.stem[:40]}{f'-{self._token}' if self._token else ''}.ser-"
        while True:
            # Named before it is there, so that nothing can come in between.
            path = self.path = target.with_name(f"{start}{secrets.token_hex(4)}{target.suffix}")
            try:
                self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                self.path = None
                continue
            if os.name == "nt":  # pragma: no cover (an open file cannot be renamed there)
                self._close()
                return path
            # Another run that looks for what the dead have left may have come before the lock.
            if try_lock(self._descriptor) and is_named(self._descriptor, path):
                return path
            self.discard()

    def commit(self) -> None:
        """Puts the file in the target's place.

        Raises:
            OSError: It cannot be put there.
        """
        path = self._made()
        path.replace(self._target)

    def commit_partial(self) -> Path:
        """Keeps the file under a name that says that it is not complete; no other is replaced.

        Returns:
            The name: ``talk.partial.csv`` for ``talk.csv``, or with a number behind ``partial``.

        Raises:
            OSError: It cannot be kept.
        """
        path = self._made()
        for number in itertools.count(1):
            word = "partial" if number == 1 else f"partial-{number}"
            kept = self._target.with_name(f"{self._target.stem}.{word}{self._target.suffix}")
            with contextlib.suppress(FileExistsError):
                # Made only where nothing has the name, which a rename would replace.
                kept.touch(exist_ok=False)
                path.replace(kept)
                return kept
        raise AssertionError("numbers do not end")

    def discard(self) -> None:
        """Removes the file, if it is still there; a second call does nothing."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
        self._close()

    def _made(self) -> Path:
        assert self.path is not None  # noqa: S101  # there is nothing to commit otherwise
        # It was private; the finished one gets the permissions of any new file.
        self.path.chmod(0o666 & ~_umask())
        return self.path

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


# Looking into a folder for each of its ten thousand results would take longer than writing them.
_cleaned: set[Path] = set()


def _clean_once(folder: Path) -> None:
    """Removes what killed runs have left in a folder, the first time that something is written."""
    folder = folder.absolute()
    if folder not in _cleaned:
        _cleaned.add(folder)
        remove_dead(folder)


@contextlib.contextmanager
def hold_output(target: str | Path) -> Iterator[None]:
    """Keeps other runs from an output that consists of several files, while the block runs.

    Args:
        target: The output, a file or a folder; there is a hidden file beside it meanwhile. Standard
            output, devices and pipes are not held.

    Raises:
        LockedError: Another run is at it.
        SerError: Nothing can be written there.
    """
    path = Path(target)
    if str(target) == STANDARD or is_special(path):
        yield
        return
    # A link and what it leads to are one output.
    path = Path(os.path.realpath(path))
    lock = path.with_name(f".{path.name[:80]}{LOCK_SUFFIX}")
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = open_locked(lock, target)
    except OSError as error:
        raise cannot_write(target, error, SerError) from error
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


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
            if left.name.startswith(".") and f"-{token}.ser-" in left.name:
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
