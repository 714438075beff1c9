"""The feature table: one ``.npy`` file, one record per clip, its specification inside.

The field ``x`` carries the feature specification as JSON in its *title*. NumPy keeps a title
through slicing, `numpy.concatenate`, `numpy.save` and `numpy.load`, so a table that a user filters
by hand is still a valid input for every command.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import mmap
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

from ser.errors import TableError, cannot_write
from ser.features.layout import functional_count
from ser.features.spec import FeatureSpec
from ser.io.files import STANDARD, is_special, real_target

Table = npt.NDArray[Any]
"""A structured array as `record_dtype` describes it."""

TEXT_WIDTHS: Mapping[str, int] = MappingProxyType(
    {
        "y": 16,
        "speaker": 32,
        "corpus": 24,
        "path": 128,
        "text": 64,
        "intensity": 16,
        "gender": 8,
        "augment": 64,
    }
)
"""Default widths of the text fields in characters; a writer widens them to what it has to hold."""

# Written tables keep under the header size that np.load accepts without being asked.
_HEADER_LIMIT = 10_000


def record_dtype(
    spec: FeatureSpec,
    frames: int,
    coefficients: int,
    widths: Mapping[str, int] | None = None,
) -> np.dtype[Any]:
    """Describes one record of a feature table.

    Args:
        spec: The feature specification, stored as the title of ``x``.
        frames: Frames per record; shorter clips are padded with zeros.
        coefficients: Coefficients per frame.
        widths: Widths of text fields in characters where they exceed `TEXT_WIDTHS`.

    Returns:
        A structured dtype with the fields ``x`` float32 (frames, coefficients), ``frames`` (how
        many are real), ``y``, ``speaker``, ``corpus``, ``path``, ``start`` and ``duration`` in
        seconds, ``text``, ``intensity``, ``gender`` and ``augment``; and ``functionals`` float32
        (n,) behind ``x`` where the specification asks for them.
    """
    width = {name: max(size, (widths or {}).get(name, 0)) for name, size in TEXT_WIDTHS.items()}
    count = functional_count(spec)
    functionals = [("functionals", "<f4", (count,))] if count else []
    return np.dtype(
        [
            ((spec.to_json(), "x"), "<f4", (frames, coefficients)),
            *functionals,
            ("frames", "<i4"),
            ("y", f"<U{width['y']}"),
            ("speaker", f"<U{width['speaker']}"),
            ("corpus", f"<U{width['corpus']}"),
            ("path", f"<U{width['path']}"),
            ("start", "<f8"),
            ("duration", "<f8"),
            ("text", f"<U{width['text']}"),
            ("intensity", f"<U{width['intensity']}"),
            ("gender", f"<U{width['gender']}"),
            ("augment", f"<U{width['augment']}"),
        ]
    )


def spec_of(table: Table, name: object = "table") -> FeatureSpec:
    """Reads the feature specification that a table carries.

    Args:
        table: A feature table.
        name: What to call it in an error, usually its path.

    Raises:
        TableError: The array has no ``x`` field with a specification as its title.
        SpecError: The title is not a valid specification.
    """
    fields = table.dtype.fields
    if not fields or "x" not in fields:
        raise TableError(name, "is not a feature table", "make one with ser-extract")
    if len(fields["x"]) < 3:
        raise TableError(
            name,
            "has lost its feature specification (the title of field x)",
            "extract it again with ser-extract",
        )
    return FeatureSpec.from_json(str(fields["x"][2]))


def read_table(source: str | Path) -> Table:
    """Opens a feature table.

    Args:
        source: A path, memory-mapped read-only; or ``-``, read whole from standard input, because
            a pipe cannot be mapped.

    Returns:
        The records.

    Raises:
        TableError: The file is missing, not ``.npy``, cut short, or not a feature table.
    """
    try:
        if str(source) == STANDARD:
            table = np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False)
        else:
            table = _load(Path(source))
    except FileNotFoundError as error:
        raise TableError(source, "does not exist", "check the path") from error
    except OSError as error:
        raise TableError(source, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, EOFError) as error:
        raise TableError(
            source, f"is not a readable .npy file ({error})", "make one with ser-extract"
        ) from error
    if not isinstance(table, np.ndarray) or table.ndim != 1 or table.dtype.names is None:
        raise TableError(source, "is not a feature table", "make one with ser-extract")
    missing = [
        n for n in ("x", "frames", *TEXT_WIDTHS, "start", "duration") if n not in table.dtype.names
    ]
    if missing:
        raise TableError(
            source, f"lacks the fields {', '.join(missing)}", "make it with ser-extract"
        )
    spec_of(table, source)
    return table


def write_table(target: str | Path, table: Table) -> None:
    """Writes a table that is in memory (or mapped) to a file or to standard output.

    Raises:
        TableError: The file cannot be written.
    """
    with TableWriter(target, table.dtype, keep_part=False) as writer:
        for block in rows(table):
            writer.append(block)
            release(table)


def clip_hashes(table: Table) -> list[bytes]:
    """Hashes the features of each record; equal hashes mean exact duplicates."""
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in table["x"]]


def source_keys(table: Table) -> list[tuple[str, str, float]]:
    """Gives each record's clip as (corpus, path, start): augmented copies share their source's."""
    return list(
        zip(table["corpus"].tolist(), table["path"].tolist(), table["start"].tolist(), strict=True)
    )


def without_features(table: Table, indices: npt.NDArray[np.intp] | None = None) -> Table:
    """Copies what says whose and of what some records are, without the features.

    Args:
        table: Records, usually memory-mapped.
        indices: Their numbers; None for all.

    Returns:
        The same fields but for ``x`` and ``functionals``, shape (n,), small enough for memory.
    """
    fields: Mapping[str, Any] = table.dtype.fields or {}
    names = [name for name in table.dtype.names or () if name not in ("x", "functionals")]
    chosen = slice(None) if indices is None else indices
    columns = {name: np.asarray(table[name])[chosen] for name in names}
    size = len(next(iter(columns.values())))
    result = np.zeros(size, np.dtype([(name, fields[name][0]) for name in names]))
    for name, values in columns.items():
        result[name] = values
    return result


def speaker_keys(table: Table) -> list[str]:
    """Names each record's speaker as ``corpus/speaker``, and as `''` where none is known.

    Two corpora may both have a speaker "01"; they are different people.
    """
    return [
        f"{corpus}/{speaker}" if speaker else ""
        for corpus, speaker in zip(table["corpus"].tolist(), table["speaker"].tolist(), strict=True)
    ]


def positions_by_speaker(records: Table) -> dict[str, npt.NDArray[np.intp]]:
    """Gives the positions of each speaker's records by `speaker_keys`, in the order of the keys."""
    keys = np.array(speaker_keys(records), object)
    return {key: np.flatnonzero(keys == key) for key in sorted(set(keys.tolist()))}


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

    def existing(self) -> Table:
        """Maps the records that an interrupted run left, read-only."""
        if self._part is None or not self.kept:
            return np.empty(0, self.dtype)
        return np.memmap(
            self._part, self.dtype, mode="r", offset=len(self._header), shape=(self.kept,)
        )

    def append(self, records: Table) -> None:
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


def rows(table: Table, size: int = 256) -> Iterator[Table]:
    """Walks through a table in blocks, so that a mapped one needs little memory."""
    for start in range(0, len(table), size):
        yield table[start : start + size]


def release(table: Table) -> None:
    """Tells the system that a mapped table's pages are not needed at the moment.

    They are read again when they are touched. Without this a walk through a large table counts as
    memory of the process, although the system could take it back. Other arrays are left alone.
    """
    base = table.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _load(path: Path) -> Table:
    if not path.is_file():
        # A FIFO or /dev/stdin can be read once, but not mapped.
        with path.open("rb") as stream:
            loaded: Table = np.load(io.BytesIO(stream.read()), allow_pickle=False)
        return loaded
    with path.open("rb") as stream:
        version = np.lib.format.read_magic(stream)
        reader = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, _, dtype = reader(stream)
        if shape == (0,):
            # An empty file cannot be mapped.
            return np.empty(0, dtype)
    mapped: Table = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


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
