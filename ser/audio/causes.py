"""Why a file cannot be decoded: the cause that its user can do something about."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from ser.audio.signature import foreign_content
from ser.errors import AudioError

_INCOMPLETE = "check that the recording is complete"

# So much of a file is looked at for anything but zeros.
_PIECE = 1 << 16

_MAX_BOXES = 10_000


_Part = TypeVar("_Part")


class IncompleteError(AudioError):
    """A recording holds less than it should; what it holds has been decoded."""


def undecodable(name: object, source: Path | IO[bytes], reason: str) -> AudioError:
    """Makes the error of a source that no decoder takes.

    Args:
        name: What the source is called.
        source: Looked at once more, where it can be, for what it is.
        reason: What the decoder says.
    """
    found = _find_cause(source)
    if found is not None:
        return AudioError(name, *found)
    return AudioError(
        name,
        f"cannot be decoded by libsndfile or FFmpeg ({reason})",
        "check that it is audio and complete",
    )


def incomplete(name: object, there: float, said: float | None = None) -> IncompleteError:
    """Makes the error of a recording that breaks off.

    Args:
        name: What the recording is called.
        there: How many seconds it holds.
        said: How many seconds it should hold; None where nobody knows.
    """
    if said is None:
        cause = f"is incomplete: it breaks off after {there:.1f} s"
    else:
        cause = f"is incomplete: {there:.1f} of {said:.1f} s are there"
    return IncompleteError(name, cause, "fetch it or copy it again, if there is more of it")


def until_incomplete(parts: Iterable[_Part]) -> Iterator[_Part]:
    """Takes a recording that breaks off as one that ends there."""
    with contextlib.suppress(IncompleteError):
        yield from parts


def _find_cause(source: Path | IO[bytes]) -> tuple[str, str] | None:
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                return _look(file)
        return _look(source) if source.seekable() else None
    except (OSError, ValueError):
        return None


def _look(file: IO[bytes]) -> tuple[str, str] | None:
    end = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(_PIECE)
    foreign = foreign_content(start)
    if foreign is not None:
        return foreign
    if not any(start) and not any(_last(file, end)):
        return "cannot be decoded: it holds zero bytes alone", _INCOMPLETE
    if start[4:8] in (b"ftyp", b"wide", b"mdat", b"skip", b"free") and not _has_index(file, end):
        return (
            "was not finished: its index (moov) is missing, and without it no sound can be found",
            "recover it where it was recorded, or with untrunc and a whole recording of the device",
        )
    return None


def _last(file: IO[bytes], end: int) -> bytes:
    file.seek(max(end - _PIECE, 0))
    return file.read(_PIECE)


def _has_index(file: IO[bytes], end: int) -> bool:
    """Says whether an MP4 has the box that says where its samples are (ISO/IEC 14496-12)."""
    place = 0
    for _ in range(_MAX_BOXES):
        file.seek(place)
        header = file.read(16)
        if len(header) < 8:
            return False
        size, kind = struct.unpack(">I4s", header[:8])
        if kind == b"moov":
            return bool(place + size <= end)
        if size == 1 and len(header) == 16:
            size = int.from_bytes(header[8:], "big")
        if size == 0 or size < 8 or place + size > end:
            return False
        place += size
    return False
