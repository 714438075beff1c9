"""Writes feature tables of unknown length, whole or not at all, and continues interrupted ones."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np

from ser.arrays import Records
from ser.errors import TableError, cannot_write
from ser.io.files import STANDARD, TemporaryOutput, is_special, real_target
from ser.io.locks import open_locked

# Written tables keep under the header size that np.load accepts without being asked.
_HEADER_LIMIT = 10_000


class TableWriter:
    """Appends records to a table whose final length is not known yet.

    Records go to a file beside the target, which is renamed when the writer is closed without an
    exception. With `keep_part` that is ``NAME.part``: after a crash or a kill it keeps every whole
    record, ``resume=True`` carries on behind them, and another run that would write it is refused.
    Otherwise each run has a file of its own; see `ser.io.files.atomic_path`.

    Args:
        target: The final path, or ``-`` for standard output. Standard output, devices and named
            pipes are spooled on disk first, because the header needs the count.
        dtype: The record type.
        resume: Keep the records of an earlier, interrupted run with the same record type.
        keep_part: Leave the part file after an exception; not for work that cannot be resumed.

    Attributes:
        kept: The number of records taken over from an interrupted run.

    Raises:
        TableError: The file cannot be written, or `resume` finds records of another type.
        LockedError: Another run writes ``NAME.part``.
    """

    def __init__(
        self,
        target: str | Path,
        dtype: np.dtype[Any],
        *,
        resume: bool = False,
        keep_part: bool = True,
    ) -> None:
        self.target = target
        self.dtype = dtype
        self.keep_part = keep_part
        self.count = 0
        self.kept = 0
        self._header = _header(dtype, 0)
        self._part: Path | None = None
        self._lock: int | None = None
        self._temporary: TemporaryOutput | None = None
        if str(target) == STANDARD or is_special(Path(target)):
            self._stream: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
            self._stream.write(self._header)
            return
        try:
            path = self._path = real_target(Path(target))
            if keep_part:
                self._part = part_of(path)
                path.parent.mkdir(parents=True, exist_ok=True)
                self._lock = open_locked(self._part, target)
                if resume:
                    self.kept = self.count = self._take_over(self._part)
            else:
                self._temporary = TemporaryOutput(path)
                self._part = self._temporary.create()
            self._stream = self._part.open("r+b")
            if not self.kept:
                self._stream.write(self._header)
            self._stream.seek(len(self._header) + self.count * dtype.itemsize)
            self._stream.truncate()
        except OSError as error:
            self._release()
            raise cannot_write(target, error, TableError) from error
        except BaseException:
            self._release()
            raise

    def existing(self) -> Records:
        """Maps the records that an interrupted run left, read-only."""
        if self._part is None or not self.kept:
            return np.empty(0, self.dtype)
        return np.memmap(
            self._part, self.dtype, mode="r", offset=len(self._header), shape=(self.kept,)
        )

    def append(self, records: Records) -> None:
        """Writes records behind the others.

        Args:
            records: A structured array of any length whose fields fit the writer's.

        Raises:
            TableError: The disk is full or the file cannot be written.
        """
        if records.dtype != self.dtype:
            records = records.astype(self.dtype)
        try:
            self._stream.write(np.ascontiguousarray(records).tobytes())
        except OSError as error:
            raise cannot_write(self.target, error, TableError) from error
        self.count += len(records)

    def close(self) -> None:
        """Completes the header and puts the table in its place."""
        header = _header(self.dtype, self.count)
        if len(header) != len(self._header):
            raise TableError(self.target, "has too many records for its header", "split it")
        try:
            self._stream.flush()
            self._stream.seek(0)
            if self._part is None:
                self._stream.read(len(header))
                if str(self.target) == STANDARD:
                    self._pour(header, sys.stdout.buffer)
                else:
                    with Path(self.target).open("wb") as sink:
                        self._pour(header, sink)
                self._stream.close()
                return
            self._stream.write(header)
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            if self._temporary is None:
                self._part.replace(self._path)
            else:
                self._temporary.commit()
            self._release()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise cannot_write(self.target, error, TableError) from error

    def abandon(self) -> None:
        """Closes the part file, and leaves it for a resumed run unless `keep_part` is false."""
        # A full disk fails again when the buffer is flushed; the error is already on its way.
        with contextlib.suppress(OSError):
            self._stream.close()
        if self._part is not None and not self.keep_part:
            self._part.unlink(missing_ok=True)
        self._release()

    def _release(self) -> None:
        """Lets other runs write, and removes a temporary file that is still there."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        if self._temporary is not None:
            self._temporary.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.abandon()
            return
        try:
            self.close()
        except BaseException:
            self.abandon()
            raise

    def _pour(self, header: bytes, sink: IO[bytes]) -> None:
        sink.write(header)
        shutil.copyfileobj(self._stream, sink, 1 << 20)
        sink.flush()

    def _take_over(self, part: Path) -> int:
        with part.open("rb") as stream:
            header = stream.read(len(self._header))
        if len(header) < len(self._header):
            # A run killed before anything left its buffer has nothing to hand on.
            return 0
        if header != self._header:
            raise TableError(
                part,
                "was begun with other options or other files",
                "repeat the options of the interrupted run, or start anew without --resume",
            )
        return (part.stat().st_size - len(header)) // self.dtype.itemsize


def part_of(target: Path) -> Path:
    """Gives the file in which a run that can be resumed keeps its records."""
    return target.with_name(target.name + ".part")


def _header(dtype: np.dtype[Any], count: int) -> bytes:
    # NumPy pads the header so that the first dimension can grow in place.
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream,
        {
            "descr": np.lib.format.dtype_to_descr(dtype),
            "fortran_order": False,
            "shape": (count,),
        },
    )
    header = stream.getvalue()
    if len(header) > _HEADER_LIMIT:
        raise TableError("feature specification", "is too long for a table header")
    return header
