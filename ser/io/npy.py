"""Reading of ``.npy`` data that anybody may have written or damaged.

NumPy's own loader runs no code without ``allow_pickle``, but it raises whatever its parsers do, and
reserves the memory that a header claims before it looks whether the data are there.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from ser.arrays import Array

_RATIO = 20
"""Arrays and networks compress to a half or a quarter. A zip bomb does to a thousandth."""

_ALLOWANCE = 16 << 20
"""Bytes that a small archive may hold beyond that: filter banks are mostly zeros."""


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Reads the header of ``.npy`` data, and leaves the stream behind it.

    Returns:
        Shape, whether the data are in Fortran's order, and type.

    Raises:
        ValueError: It is none, is damaged, or describes Python objects.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(stream)
    except Exception as error:
        # Tokenizers, literals and types: NumPy's parsers raise what theirs do.
        reason = " ".join(str(error).split())[:200]
        raise ValueError(reason or type(error).__name__) from error
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError(f"no array has the shape {shape}")
    return shape, bool(fortran), dtype


def check_size(shape: tuple[int, ...], dtype: np.dtype[Any], available: int) -> None:
    """Checks that data are as long as their header says.

    Raises:
        ValueError: They are shorter.
    """
    needed = math.prod(shape) * dtype.itemsize
    if needed > available:
        raise ValueError(f"{needed} bytes are announced, and {available} are there")


def array_from_bytes(data: bytes) -> Array:
    """Reads an array from the contents of a ``.npy`` file.

    Raises:
        ValueError: They are damaged.
    """
    stream = io.BytesIO(data)
    shape, fortran, dtype = read_header(stream)
    start = stream.tell()
    check_size(shape, dtype, len(data) - start)
    if not dtype.itemsize:
        raise ValueError("its items have no size")
    flat = np.frombuffer(data, dtype, math.prod(shape), start)
    array: Array = flat.reshape(shape, order="F" if fortran else "C")
    return array


def map_array(path: Path) -> Array:
    """Maps the array of a ``.npy`` file into memory, read-only; an empty one is not mapped.

    Raises:
        OSError: It cannot be read.
        ValueError: It is damaged.
    """
    with path.open("rb") as stream:
        shape, fortran, dtype = read_header(stream)
        start = stream.tell()
    check_size(shape, dtype, path.stat().st_size - start)
    if not math.prod(shape) or not dtype.itemsize:
        return np.empty(shape, dtype)
    order: Any = "F" if fortran else "C"
    return np.memmap(path, dtype, mode="r", offset=start, shape=shape, order=order)


def arrays_from_bytes(data: bytes) -> Mapping[str, Array]:
    """Reads all arrays from the contents of a ``.npz`` file.

    Raises:
        ValueError: They are damaged, or claim more memory than such a file can honestly hold.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_archive(archive, len(data))
            return {
                name.removesuffix(".npy"): array_from_bytes(archive.read(name))
                for name in archive.namelist()
            }
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: encrypted, or compressed by a method that zipfile does not know.
        raise ValueError(str(error) or "it is cut off") from error


def check_archive(archive: zipfile.ZipFile, size: int) -> None:
    """Checks what an archive claims to hold, before it is unpacked.

    Args:
        archive: The archive.
        size: Its own bytes.

    Raises:
        ValueError: It would need far more memory than a file of its size honestly does.
    """
    packed = max((info.compress_size for info in archive.infolist()), default=0)
    if packed > size:
        # As much is reserved before it is read.
        raise ValueError(f"{size} bytes claim to hold {packed} packed ones")
    claimed = sum(info.file_size for info in archive.infolist())
    if claimed > _RATIO * size + _ALLOWANCE:
        raise ValueError(f"{size} bytes claim to hold {claimed}")
