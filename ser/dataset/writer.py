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
from ser.io.files import STANDARD, is_special, real_target

# Written tables keep under the header size that np.load accepts without being asked.
_HEADER_LIMIT = 10_000


class TableWriter:
    """Appends records to a table whose final length is not known yet.

    Records go to ``NAME.part`` beside the target, which is renamed when the writer is closed
    without an exception. After a crash or a kill the part file keeps every whole record, and
    ``resume=True`` carries on behind them.

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
        if str(target) == STANDARD or is_special(Path(target)):
            self._stream: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
            self._stream.write(self._header)
            return
        try:
            path = self._path = real_target(Path(target))
            self._part = path.with_name(path.name + ".part")
            path.parent.mkdir(parents=True, exist_ok=True)
            if resume and self._part.exists():
                self.kept = self.count = self._take_over(self._part)
            if self.kept:
                self._stream = self._part.open("r+b")
                self._stream.seek(len(self._header) + self.count * dtype.itemsize)
                self._stream.truncate()
            else:
                self._stream = self._part.open("wb")
                self._stream.write(self._header)
        except OSError as error:
            raise cannot_write(target, error, TableError) from error

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
            self._part.replace(self._path)
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
