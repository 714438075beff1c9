"""Decoding with libsndfile: WAV, FLAC, Ogg, Opus, AIFF and the like, block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ser.arrays import Channels
from ser.errors import AudioError

# The tightest that FLAC packs silence is some 5000 samples to the byte. A header that claims more
# does not know its length (FFmpeg writes such ones to pipes), and libsndfile believes it.
_MOST_PER_BYTE = 10_000


class UnsuitableError(Exception):
    """libsndfile cannot read this file; FFmpeg may."""


def blocks(
    path: Path, seconds: float, offset: float = 0.0, duration: float | None = None
) -> Iterator[tuple[Channels, int]]:
    """Decodes a file in blocks.

    Args:
        path: A regular file.
        seconds: Length of a block.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.

    Yields:
        Samples of all channels, shape (samples, channels), and their rate in hertz.

    Raises:
        UnsuitableError: The file is not for libsndfile; nothing has been yielded.
        AudioError: The file is damaged; what lies before the damage has been yielded.
    """
    import soundfile

    try:
        # Bytes, because soundfile encodes strings and would stumble over names that are not UTF-8.
        file = soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path)
    except (soundfile.LibsndfileError, TypeError) as error:
        # TypeError: soundfile takes .raw for samples without a header, whatever the file holds.
        raise UnsuitableError from error
    except OSError as error:
        raise AudioError(path, f"cannot be read ({error.strerror or error})") from error
    with file:
        rate = int(file.samplerate)
        if not _plausible(file.frames, path):
            raise UnsuitableError
        size = max(1, round(seconds * rate))
        left = file.frames if duration is None else round(duration * rate)
        try:
            if not _skip(file, round(offset * rate), size):
                return
            while left > 0:
                block = file.read(min(size, left), dtype="float32", always_2d=True)
                if not len(block):
                    return
                left -= len(block)
                yield block, rate
        except soundfile.LibsndfileError as error:
            raise AudioError(
                path,
                f"is damaged after {max(file.tell(), 0) / rate:.1f} s ({error.error_string})",
                "convert it again from its source",
            ) from error


def length(path: Path) -> float:
    """Reads a file's duration in seconds from its header.

    Raises:
        UnsuitableError: The file is not for libsndfile.
    """
    import soundfile

    try:
        with soundfile.SoundFile(os.fsencode(path) if os.name == "posix" else path) as file:
            if _plausible(file.frames, path):
                return float(file.frames / file.samplerate)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise UnsuitableError from error
    raise UnsuitableError


def _plausible(frames: int, path: Path) -> bool:
    # None at all is left to FFmpeg as well: a recorder that was killed writes a length of zero in
    # front of its samples, and FFmpeg reads on to the end of the file.
    return 0 < frames <= path.stat().st_size * _MOST_PER_BYTE


def _skip(file: object, count: int, size: int) -> bool:
    """Moves on by `count` samples; says whether the file has any behind them."""
    import soundfile

    if not isinstance(file, soundfile.SoundFile):
        raise TypeError("not a sound file")
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
