"""Sound from anywhere: files, pipes, URLs, open files and arrays, each with the decoder it needs.

libsndfile decodes what it knows (WAV, FLAC, Ogg, Opus, AIFF …), by looking at the bytes and not at
the name; FFmpeg's libraries decode the rest (MP3, M4A, MP4, WebM …), what libsndfile stumbles over,
and whatever comes through a pipe but plain WAV, which is decoded here, as it arrives.
"""

from __future__ import annotations

import contextlib
import math
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ser.arrays import Channels
from ser.audio import array, ffmpeg, libsndfile, wav
from ser.audio.causes import IncompleteError, incomplete
from ser.audio.declared import read_declared, read_ogg_pages
from ser.audio.selection import Remark, ignore
from ser.audio.signature import is_for_libsndfile, sound_start
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

Blocks = Iterator[tuple[Channels, int]]
"""Samples of shape (samples, channels), and their rate in hertz, the same in every block."""

# Outside of it are headers that chance has made.
_RATES = range(1000, 1_000_001)

_INCOMPLETE = "check that the recording is complete"

_NO_LENGTH = ("is a pipe, which has no known length", "save it to a file first")


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


def is_pipe(source: Source) -> bool:
    """Says whether a source can be read once only."""
    if isinstance(source, tuple):
        return False
    if not isinstance(source, str | Path):
        return not source.seekable()
    if str(source) == STANDARD:
        return True
    if is_url(url_or_path(Path(source))):
        return False
    try:
        mode = Path(source).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def decode(
    source: Source,
    seconds: float,
    offset: float = 0.0,
    duration: float | None = None,
    *,
    track: int | None = None,
    remark: Remark = ignore,
) -> Blocks:
    """Decodes any source in blocks, as it is.

    Args:
        source: Where the sound comes from.
        seconds: Length of a block, about.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.
        track: The number of the track, from 1; None for the default one.
        remark: Told what the user should know of the recording.

    Yields:
        Samples of all channels, whose number may change, and their rate.

    Raises:
        IncompleteError: The recording breaks off; all that is there has been yielded.
        AudioError: It cannot be decoded, or is damaged up to its end; what lies before the damage
            has been yielded.
    """
    reading = _Reading(seconds, offset, duration, track, remark)
    for block, rate in reading.blocks(source):
        if rate not in _RATES and not isinstance(source, tuple):
            raise AudioError(
                source_name(source), f"has a sample rate of {rate} Hz", "export it again"
            )
        yield block, rate


def length(source: Source, *, track: int | None = None) -> float:
    """Measures how long a recording is, in seconds, from its header or its packets.

    A damaged or unfinished file may hold less than it says.

    Raises:
        AudioError: The source is missing, is no audio, or is a pipe, whose length nobody knows.
    """
    if isinstance(source, tuple):
        return array.length(source)
    if not isinstance(source, str | Path):
        with _named(source_name(source)):
            _check_file_object(source)
            if not source.seekable():
                raise AudioError(source_name(source), *_NO_LENGTH)
            try:
                return _length_of_file(source, track)
            finally:
                source.seek(0)
    if is_url(url_or_path(Path(source))):
        with _local_copy(source) as copy:
            return _length_of_file(copy, track)
    path = Path(source)
    if str(source) == STANDARD or not _check_path(path):
        raise AudioError(source, *_NO_LENGTH)
    return _length_of_file(path, track)


def count_channels(source: Source, *, track: int | None = None) -> int:
    """Counts the channels that a recording begins with.

    Raises:
        AudioError: It cannot be decoded, or can be read once only.
    """
    if is_pipe(source):
        raise AudioError(
            source_name(source),
            "can be read once, and its channels one by one need several times",
            "save it to a file first",
        )
    for block, _ in decode(source, 0.01, duration=0.01, track=track):
        return int(block.shape[1])
    raise AudioError(source_name(source), "holds no samples", _INCOMPLETE)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is read of a source: the arguments of `decode`."""

    seconds: float
    offset: float
    duration: float | None
    track: int | None
    remark: Remark

    def blocks(self, source: Source) -> Blocks:
        """Decodes any source with what suits it."""
        if isinstance(source, tuple):
            self._check_track("samples")
            yield from self._cut(array.blocks(source, self.seconds))
        elif not isinstance(source, str | Path):
            yield from self._file_object(source)
        elif str(source) == STANDARD:
            yield from self._pipe(sys.stdin.buffer)
        elif is_url(url_or_path(Path(source))):
            with _local_copy(source) as copy:
                yield from self._file(copy)
        else:
            yield from self._path(Path(source))

    def _path(self, path: Path) -> Blocks:
        if _check_path(path):
            yield from self._file(path)
            return
        with renamed(STANDARD, path), path.open("rb") as pipe:
            yield from self._pipe(pipe)

    def _file_object(self, file: IO[bytes]) -> Blocks:
        """Decodes an open file: as a path where one can seek in it, as a pipe where not."""
        with _named(source_name(file)):
            _check_file_object(file)
            yield from self._file(file) if file.seekable() else self._pipe(file)

    def _pipe(self, stream: IO[bytes]) -> Blocks:
        """Decodes what can be read once: plain WAV as it comes, everything else through FFmpeg."""
        try:
            blocks = wav.blocks(stream, self.seconds)
            for block, rate in self._cut(blocks):
                self._check_track(STANDARD)
                yield block, rate
        except wav.OtherFormatError as other:
            yield from ffmpeg.blocks(
                stream,
                self.seconds,
                self.offset,
                self.duration,
                start=other.start,
                track=self.track,
                remark=self.remark,
            )

    def _file(self, source: Path | IO[bytes]) -> Blocks:
        """Decodes what one can seek in, and says how much of it is missing."""
        rate, decoded = 1, 0
        for block, rate in self._decoded(source):
            decoded += len(block)
            yield block, rate
        if self.duration is None or decoded < math.floor(self.duration * rate):
            self._check_complete(source, self.offset + decoded / rate if decoded else 0.0)

    def _decoded(self, source: Path | IO[bytes]) -> Blocks:
        decoded = 0.0
        # Further tracks are a matter for FFmpeg, which says where there are none.
        if (self.track or 1) == 1 and _is_for_libsndfile(source):
            try:
                yield from libsndfile.blocks(source, self.seconds, self.offset, self.duration)
                return
            except libsndfile.UnsuitableError as stop:
                decoded = stop.decoded / max(stop.rate, 1)
        if not isinstance(source, Path):
            source.seek(0)
        left = None if self.duration is None else self.duration - decoded
        try:
            yield from ffmpeg.blocks(
                source,
                self.seconds,
                self.offset + decoded,
                left,
                track=self.track,
                remark=self.remark,
            )
        except AudioError as error:
            if not decoded or isinstance(error, IncompleteError):
                raise
            cause = f"is damaged after {self.offset + decoded:.1f} s"
            raise IncompleteError(source, cause, "convert it again from its source") from error

    def _check_complete(self, source: Path | IO[bytes], there: float) -> None:
        """Compares what a file held with what it says that it holds."""
        if not there:
            return
        with _opened(source) as file:
            pages = read_ogg_pages(file)
            declared = None if pages is not None else read_declared(file)
        if pages is not None and pages.cut:
            raise incomplete(source, there)
        if pages is not None and not pages.ended:
            self.remark("it has no end mark and may be incomplete")
        said = None if declared is None else declared.total(there)
        if said is not None:
            raise incomplete(source, there, said)

    def _check_track(self, source: object) -> None:
        if self.track is not None and self.track > 1:
            raise AudioError(
                source, f"has no track {self.track} of sound: it has 1 track", "leave `track` out"
            )

    def _cut(self, blocks: Blocks) -> Blocks:
        """Leaves out what lies before and behind a part."""
        position = 0
        for block, rate in blocks:
            first = round(self.offset * rate)
            last = math.inf if self.duration is None else first + round(self.duration * rate)
            end = int(min(max(last - position, 0), len(block)))
            kept = block[max(first - position, 0) : end]
            position += len(block)
            if len(kept):
                yield kept, rate
            if position >= last:
                return


def _length_of_file(source: Path | IO[bytes], track: int | None) -> float:
    if _is_for_libsndfile(source):
        with contextlib.suppress(libsndfile.UnsuitableError):
            return libsndfile.length(source)
    if not isinstance(source, Path):
        source.seek(0)
    return ffmpeg.length(source, track=track)


def _is_for_libsndfile(source: Path | IO[bytes]) -> bool:
    """Says whether libsndfile is to try a file first; leaves an open one at its beginning."""
    name = source.name if isinstance(source, Path) else ""
    with _opened(source) as file:
        start = sound_start(file)[1]
        if start[:4] == b"OggS":
            pages = read_ogg_pages(file)
            # libsndfile reads the first of the streams that follow each other.
            return pages is None or not pages.chained
        return is_for_libsndfile(start, name)


@contextlib.contextmanager
def _opened(source: Path | IO[bytes]) -> Iterator[IO[bytes]]:
    """Opens a path unbuffered, for a few bytes; an open file is left at its beginning."""
    if not isinstance(source, Path):
        source.seek(0)
        yield source
        source.seek(0)
        return
    try:
        with source.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise AudioError(
            source, f"cannot be read ({error.strerror or error})", "check its permissions"
        ) from error


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Gives errors about an open file its name; the decoders know it as a stream."""
    try:
        yield
    except AudioError as error:
        raise type(error)(name, error.cause, error.cure) from error


def _check_file_object(file: IO[bytes]) -> None:
    name = source_name(file)
    if not callable(getattr(file, "read", None)):
        kind = type(file).__name__
        raise AudioError(
            name,
            f"is no source of sound but of type {kind}",
            "give a path, an open binary file, or samples with their rate: (samples, sample_rate)",
        )
    if not isinstance(file.read(0), bytes):
        raise AudioError(name, "is open as text", "open it in binary mode: open(path, 'rb')")
    if file.seekable():
        if not file.seek(0, 2):
            raise AudioError(name, "is empty (0 bytes)", _INCOMPLETE)
        file.seek(0)


@contextlib.contextmanager
def _local_copy(url: str | Path) -> Iterator[Path]:
    """Yields a copy of what is behind a URL; errors about it name the URL."""
    name = url_or_path(Path(url))
    with fetch(name) as copy, renamed(copy, name):
        yield Path(copy)


def _check_path(path: Path) -> bool:
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
        raise AudioError(path, "is empty (0 bytes)", _INCOMPLETE)
    return True
