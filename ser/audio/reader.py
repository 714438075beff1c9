"""Decoding: any audio to float32 blocks, mixed to mono and resampled where that is asked for.

libsndfile decodes what it knows (WAV, FLAC, Ogg, Opus, AIFF …), by looking at the bytes and not at
the name; FFmpeg's libraries decode the rest (MP3, M4A, MP4, WebM …) and whatever comes through a
pipe but plain WAV, which is decoded here, as it arrives. Samples are float32 in -1 to 1, mono (the
mean of all channels).
"""

from __future__ import annotations

import contextlib
import itertools
import math
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

import numpy as np

from ser.arrays import Channels, Samples
from ser.audio import array, ffmpeg, libsndfile, wav
from ser.errors import AudioError, renamed
from ser.io.files import STANDARD
from ser.io.remote import fetch, is_url, url_or_path

Source = str | Path | IO[bytes] | array.ArraySource
"""Where sound comes from:

- a path,
- a URL that fsspec knows, which is downloaded first,
- ``-`` for standard input,
- an open binary file: read from its beginning where one can seek in it, from where it stands where
  not (a pipe, a socket); it stays open,
- samples in memory with their rate in hertz: an array of shape (samples,) or (samples, channels),
  of floats in -1 to 1 or of integers over the full range of their type.
"""

BLOCK_SECONDS = 10.0
"""How much a stream decodes at a time: long enough to be fast, short enough to be soon."""

# The quality that librosa.load uses, so that features agree with it.
_RESAMPLING = "HQ"


def read(
    source: Source, sample_rate: int, *, offset: float = 0.0, duration: float | None = None
) -> Samples:
    """Decodes a recording, or a part of it, to mono at a sample rate.

    Args:
        source: See `Source`.
        sample_rate: Wanted rate in hertz.
        offset: Seconds to skip.
        duration: Seconds to read; None reads to the end.

    Returns:
        Samples, shape (samples,).

    Raises:
        AudioError: The source is missing, empty, not audio, holds no samples in this range, or
            holds samples that are not numbers.
    """
    parts = list(_mono_blocks(_blocks(source, BLOCK_SECONDS, offset, duration)))
    if not parts:
        raise _empty(source, offset)
    native = parts[0][0] if len(parts) == 1 else np.concatenate([part for part, _ in parts])
    _check_finite(source, native)
    return resample(native, parts[0][1], sample_rate)


def stream(
    source: Source,
    sample_rate: int,
    *,
    block_seconds: float = BLOCK_SECONDS,
    offset: float = 0.0,
    duration: float | None = None,
) -> Iterator[Samples]:
    """Decodes a recording to mono at a sample rate, block by block, in constant memory.

    Args:
        source: See `Source`.
        sample_rate: Wanted rate in hertz.
        block_seconds: Seconds of audio per block, about.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.

    Yields:
        Samples, shape (samples,); blocks differ in length.

    Raises:
        AudioError: As `read`; what was decoded before a defect has been yielded by then.
    """
    decoded = _mono_blocks(_blocks(source, block_seconds, offset, duration))
    first = next(((block, rate) for block, rate in decoded if len(block)), None)
    if first is None:
        raise _empty(source, offset)
    rate = first[1]

    def checked() -> Iterator[Samples]:
        for block, _ in itertools.chain([first], decoded):
            _check_finite(source, block)
            yield block

    yield from resample_blocks(checked(), rate, sample_rate)


def resample_blocks(blocks: Iterable[Samples], rate: int, target: int) -> Iterator[Samples]:
    """Changes the sample rate of sound that comes in blocks; see `resample`.

    Args:
        blocks: Samples, each of shape (samples,).
        rate: Their rate in hertz.
        target: Wanted rate in hertz.

    Yields:
        Samples at the wanted rate, shape (samples,); together they are as long as the sound.
    """
    if rate == target:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(rate, target, 1, "float32", _RESAMPLING)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        resampled: Samples = resampler.resample_chunk(block)
        given += len(resampled)
        if len(resampled):
            yield resampled
    rest: Samples = resampler.resample_chunk(np.empty(0, np.float32), last=True)
    missing = _resampled_length(taken, rate, target) - given - len(rest)
    rest = np.pad(rest, (0, max(0, missing)))
    if len(rest):
        yield rest


def channels(
    source: Source, *, block_seconds: float = BLOCK_SECONDS
) -> Iterator[tuple[Channels, int]]:
    """Decodes a recording as it is: all channels, at its own rate.

    Args:
        source: See `Source`.
        block_seconds: Seconds of audio per block, about.

    Yields:
        Samples, shape (samples, channels), and their rate in hertz; the same in every block.

    Raises:
        AudioError: As `read`; what was decoded before a defect has been yielded by then.
    """
    decoded = 0
    for block, rate in _blocks(source, block_seconds):
        _check_finite(source, block)
        decoded += len(block)
        yield block, rate
    if not decoded:
        raise _empty(source, 0.0)


def mono(channels: Channels) -> Samples:
    """Takes the mean of all channels; (samples, channels) to (samples,)."""
    if channels.shape[1] == 1:
        return channels[:, 0]
    mixed: Samples = channels.mean(axis=1, dtype=np.float32)
    return mixed


def length(source: Source) -> float:
    """Measures how long a recording is, in seconds, from its header or its packets.

    A damaged or unfinished file may hold less than it says.

    Raises:
        AudioError: The source is missing, is no audio, or is a pipe, whose length nobody knows.
    """
    if isinstance(source, tuple):
        return array.length(source)
    if not isinstance(source, str | Path):
        return _length_of_file_object(source)
    if is_url(url_or_path(Path(source))):
        with _local_copy(source) as copy:
            return length(copy)
    path = Path(source)
    if not _check_file(path):
        raise AudioError(source, *_NO_LENGTH)
    if not _is_mpeg(path):
        with contextlib.suppress(libsndfile.UnsuitableError):
            return libsndfile.length(path)
    return ffmpeg.length(path)


def source_name(source: Source) -> str:
    """Gives what a source is called in messages and results."""
    if isinstance(source, str):
        return source
    if isinstance(source, Path):
        return url_or_path(source)
    if isinstance(source, tuple):
        return "samples"
    name = getattr(source, "name", None)
    # Of a file that was opened by its number, the name is that number.
    return name if isinstance(name, str) and name else "file object"


def resample(samples: Samples, rate: int, target: int) -> Samples:
    """Changes the sample rate with soxr's high quality, the one that librosa uses.

    Args:
        samples: Shape (samples,).
        rate: Their rate in hertz.
        target: Wanted rate in hertz.

    Returns:
        Samples at `target` hertz; the same array where the rates agree.
    """
    if rate == target:
        return samples
    import soxr

    resampled: Samples = soxr.resample(samples, rate, target, _RESAMPLING)
    # soxr may round the length down; librosa pads the last sample, and so must we to agree.
    count = _resampled_length(len(samples), rate, target)
    if len(resampled) >= count:
        return resampled
    padded = np.zeros(count, np.float32)
    padded[: len(resampled)] = resampled
    return padded


_NO_LENGTH = ("is a pipe, which has no known length", "save it to a file first")


def _empty(source: Source, offset: float) -> AudioError:
    cause = "holds no samples" if not offset else f"holds no samples after {offset:g} s"
    return AudioError(source_name(source), cause, "check that the recording is complete")


def _resampled_length(count: int, rate: int, target: int) -> int:
    """Gives the number of samples that `count` at `rate` become at `target`, rounded up."""
    return -(-count * target // rate)


def _mono_blocks(blocks: Iterator[tuple[Channels, int]]) -> Iterator[tuple[Samples, int]]:
    return ((mono(block), rate) for block, rate in blocks)


def _blocks(
    source: Source, seconds: float, offset: float = 0.0, duration: float | None = None
) -> Iterator[tuple[Channels, int]]:
    """Decodes any source with what suits it: libsndfile, FFmpeg, or the WAV decoder for pipes."""
    if isinstance(source, tuple):
        yield from _cut(array.blocks(source, seconds), offset, duration)
    elif not isinstance(source, str | Path):
        yield from _file_object_blocks(source, seconds, offset, duration)
    elif str(source) == STANDARD:
        yield from _pipe_blocks(sys.stdin.buffer, seconds, offset, duration)
    elif is_url(url_or_path(Path(source))):
        with _local_copy(source) as copy:
            yield from _path_blocks(copy, seconds, offset, duration)
    else:
        yield from _path_blocks(Path(source), seconds, offset, duration)


def _path_blocks(
    path: Path, seconds: float, offset: float, duration: float | None
) -> Iterator[tuple[Channels, int]]:
    if not _check_file(path):
        with renamed(STANDARD, path), path.open("rb") as pipe:
            yield from _pipe_blocks(pipe, seconds, offset, duration)
        return
    if not _is_mpeg(path):
        with contextlib.suppress(libsndfile.UnsuitableError):
            yield from libsndfile.blocks(path, seconds, offset, duration)
            return
    yield from ffmpeg.blocks(path, seconds, offset, duration)


def _pipe_blocks(
    stream: IO[bytes], seconds: float, offset: float, duration: float | None
) -> Iterator[tuple[Channels, int]]:
    """Decodes what can be read once: plain WAV as it comes, everything else through FFmpeg."""
    try:
        yield from _cut(wav.blocks(stream, seconds), offset, duration)
    except wav.OtherFormatError as other:
        yield from ffmpeg.blocks(stream, seconds, offset, duration, start=other.start)


def _file_object_blocks(
    file: IO[bytes], seconds: float, offset: float, duration: float | None
) -> Iterator[tuple[Channels, int]]:
    """Decodes an open file: as a path where one can seek in it, as a pipe where not."""
    name = source_name(file)
    with _named(name):
        _check_binary(file, name)
        if not file.seekable():
            yield from _pipe_blocks(file, seconds, offset, duration)
            return
        _rewind(file, name)
        if not _begins_like_mpeg(_peek(file)):
            with contextlib.suppress(libsndfile.UnsuitableError):
                yield from libsndfile.blocks(file, seconds, offset, duration)
                return
            file.seek(0)
        yield from ffmpeg.blocks(file, seconds, offset, duration)


def _length_of_file_object(file: IO[bytes]) -> float:
    name = source_name(file)
    with _named(name):
        _check_binary(file, name)
        if not file.seekable():
            raise AudioError(name, *_NO_LENGTH)
        _rewind(file, name)
        try:
            if not _begins_like_mpeg(_peek(file)):
                with contextlib.suppress(libsndfile.UnsuitableError):
                    return libsndfile.length(file)
                file.seek(0)
            return ffmpeg.length(file)
        finally:
            file.seek(0)


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Gives errors about an open file its name; the decoders know it as a stream."""
    try:
        yield
    except AudioError as error:
        raise AudioError(name, error.cause, error.cure) from error


def _check_binary(file: IO[bytes], name: str) -> None:
    if not callable(getattr(file, "read", None)):
        kind = type(file).__name__
        raise AudioError(
            name,
            f"is no source of sound but of type {kind}",
            "give a path, an open binary file, or samples with their rate: (samples, sample_rate)",
        )
    if not isinstance(file.read(0), bytes):
        raise AudioError(name, "is open as text", "open it in binary mode: open(path, 'rb')")


def _rewind(file: IO[bytes], name: str) -> None:
    if not file.seek(0, 2):
        raise AudioError(name, "is empty (0 bytes)", "check that the recording is complete")
    file.seek(0)


def _peek(file: IO[bytes]) -> bytes:
    start = file.read(3)
    file.seek(0)
    return start


def _cut(
    blocks: Iterator[tuple[Channels, int]], offset: float, duration: float | None
) -> Iterator[tuple[Channels, int]]:
    """Leaves out what lies before and behind a part."""
    position = 0
    for block, rate in blocks:
        first = round(offset * rate)
        last = math.inf if duration is None else first + round(duration * rate)
        kept = block[max(first - position, 0) : int(min(max(last - position, 0), len(block)))]
        position += len(block)
        if len(kept):
            yield kept, rate
        if position >= last:
            return


@contextlib.contextmanager
def _local_copy(url: str | Path) -> Iterator[Path]:
    """Yields a copy of what is behind a URL; errors about it name the URL."""
    name = url_or_path(Path(url))
    with fetch(name) as copy, renamed(copy, name):
        yield Path(copy)


def _check_file(path: Path) -> bool:
    """Refuses what cannot be read; says whether it is a file that one can move about in."""
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise AudioError(path, "does not exist", "check the path") from error
    except OSError as error:
        raise AudioError(
            path, f"cannot be read ({error.strerror or error})", "check the path"
        ) from error
    if stat.S_ISDIR(status.st_mode):
        raise AudioError(path, "is a directory", "name the audio files in it")
    if not stat.S_ISREG(status.st_mode):
        return False
    if not status.st_size:
        raise AudioError(path, "is empty (0 bytes)", "check that the recording is complete")
    return True


def _is_mpeg(path: Path) -> bool:
    """Recognizes what libsndfile would take for MP3, by the name or the first bytes.

    It could decode that, but its MP3 library writes its own complaints to standard error.
    """
    if path.suffix.lower() in (".mp3", ".mp2", ".mp1"):
        return True
    try:
        # Unbuffered: three bytes are not worth reading thousands.
        with path.open("rb", buffering=0) as file:
            start = file.read(3)
    except OSError as error:
        raise AudioError(
            path, f"cannot be read ({error.strerror or error})", "check its permissions"
        ) from error
    return _begins_like_mpeg(start)


def _begins_like_mpeg(start: bytes) -> bool:
    return start == b"ID3" or (len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0)


def _check_finite(source: Source, samples: Samples | Channels) -> None:
    # Any NaN would be the least and the greatest; so no array of answers is needed.
    if len(samples) and not (np.isfinite(samples.min()) and np.isfinite(samples.max())):
        raise AudioError(
            source_name(source),
            "holds samples that are not numbers (NaN or infinite)",
            "export it again",
        )
