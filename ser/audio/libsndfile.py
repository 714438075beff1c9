"""Decoding with libsndfile: WAV, FLAC, Ogg, Opus, AIFF and the like, block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ser.arrays import Channels
from ser.errors import AudioError

# The tightest that FLAC packs silence is some 5000 samples to the byte. A header that claims more
# does not know its length (FFmpeg writes such ones to pipes), and libsndfile believes it.
_MAX_SAMPLES_PER_BYTE = 10_000


class UnsuitableError(Exception):
    """libsndfile cannot read this file, or not on; FFmpeg may be able to.

    Attributes:
        decoded: How many samples have been yielded.
        rate: Their rate in hertz; 0 where there are none.
    """

    def __init__(self, decoded: int = 0, rate: int = 0) -> None:
        self.decoded = decoded
        self.rate = rate
        super().__init__(f"{decoded} samples")


def blocks(
    source: Path | IO[bytes], seconds: float, offset: float = 0.0, duration: float | None = None
) -> Iterator[tuple[Channels, int]]:
    """Decodes a file in blocks.

    Args:
        source: A regular file, or an open one that one can seek in; it is read from its beginning.
        seconds: Length of a block.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.

    Yields:
        Samples of all channels, shape (samples, channels), and their rate in hertz.

    Raises:
        UnsuitableError: The file is not for libsndfile, or damaged where it has come to.
        AudioError: The file cannot be read.
    """
    import soundfile

    with _open(source) as file:
        rate = int(file.samplerate)
        size = max(1, round(seconds * rate))
        decoded = 0
        try:
            start = round(offset * rate)
            if not _skip(file, start, size):
                return
            left = file.frames - start
            if duration is not None:
                left = min(left, round(duration * rate))
            while left > 0:
                block = file.read(min(size, left), dtype="float32", always_2d=True)
                if not len(block):
                    raise UnsuitableError(decoded, rate)
                left -= len(block)
                decoded += len(block)
                yield block, rate
        except soundfile.LibsndfileError as error:
            # What one read call took before the damage is lost with it.
            raise UnsuitableError(decoded, rate) from error


def length(source: Path | IO[bytes]) -> float:
    """Reads a file's duration in seconds from its header.

    Raises:
        UnsuitableError: The file is not for libsndfile.
        AudioError: The file cannot be read.
    """
    with _open(source) as file:
        return float(file.frames / file.samplerate)


def _open(source: Path | IO[bytes]) -> Any:
    """Opens a file whose header can be believed.

    Raises:
        UnsuitableError: libsndfile does not know it, or its header is wrong.
        AudioError: The system does not let it be read.
    """
    import soundfile

    named: Any = source
    if isinstance(source, Path) and os.name == "posix":
        # Bytes, because soundfile encodes strings and would stumble over names that are not UTF-8.
        named = os.fsencode(source)
    try:
        file = soundfile.SoundFile(named)
    except (soundfile.LibsndfileError, TypeError) as error:
        # TypeError: soundfile takes .raw for samples without a header, whatever the file holds.
        raise UnsuitableError from error
    except OSError as error:
        raise AudioError(source, f"cannot be read ({error.strerror or error})") from error
    # No samples at all are left to FFmpeg as well: a recorder that was killed writes a length of
    # zero in front of its samples, and FFmpeg reads on to the end of the file.
    if not 0 < file.frames <= _size(source) * _MAX_SAMPLES_PER_BYTE:
        file.close()
        raise UnsuitableError
    return file


def _size(source: Path | IO[bytes]) -> int:
    """Gives the number of bytes; the place where an open file is read stays the same."""
    if isinstance(source, Path):
        return source.stat().st_size
    place = source.tell()
    size = source.seek(0, 2)
    source.seek(place)
    return size


def _skip(file: Any, count: int, size: int) -> bool:
    """Moves on by `count` samples; says whether the file has any behind them."""
    if count >= file.frames:
        return False
    if file.seekable():
        if count:
            file.seek(count)
        return True
    # Some codecs, such as GSM, can only be read from the start.
    while count > 0:
        skipped = len(file.read(min(size, count), dtype="float32"))
        if not skipped:
            return False
        count -= skipped
    return True
