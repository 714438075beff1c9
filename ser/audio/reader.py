"""Audio in and out: decode anything, mix to mono, resample, stream in blocks.

libsndfile decodes what it knows (WAV, FLAC, Ogg, Opus, AIFF …), by looking at the bytes and not at
the name; FFmpeg's libraries decode the rest (MP3, M4A, MP4, WebM …) and whatever comes through a
pipe but plain WAV, which is decoded here, as it arrives. Samples are float32 in -1 to 1, mono (the
mean of all channels).
"""

from __future__ import annotations

import contextlib
import math
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from ser.arrays import Channels, Samples
from ser.audio import ffmpeg, libsndfile, wav
from ser.errors import AudioError
from ser.io.files import STANDARD, atomic_path

BLOCK_SECONDS = 10.0
"""How much a stream decodes at a time: long enough to be fast, short enough to be soon."""

# The quality that librosa.load uses, so that features agree with it.
_RESAMPLING = "HQ"


def read(
    path: str | Path, sample_rate: int, *, offset: float = 0.0, duration: float | None = None
) -> Samples:
    """Decodes a file, or a part of it, to mono at a sample rate.

    Args:
        path: The file.
        sample_rate: Wanted rate in hertz.
        offset: Seconds to skip.
        duration: Seconds to read; None reads to the end.

    Returns:
        Samples, shape (samples,).

    Raises:
        AudioError: The file is missing, empty, not audio, holds no samples in this range, or
            holds samples that are not numbers.
    """
    parts = list(_mixed(_blocks(path, BLOCK_SECONDS, offset, duration)))
    if not parts:
        raise _empty(path, offset)
    native = parts[0][0] if len(parts) == 1 else np.concatenate([part for part, _ in parts])
    _check_finite(path, native)
    return resample(native, parts[0][1], sample_rate)


def stream(
    source: str | Path,
    sample_rate: int,
    *,
    block_seconds: float = BLOCK_SECONDS,
    offset: float = 0.0,
    duration: float | None = None,
) -> Iterator[Samples]:
    """Decodes a file or standard input block by block, in constant memory.

    Args:
        source: A path, or ``-`` for audio on standard input (WAV or anything FFmpeg can stream).
        sample_rate: Wanted rate in hertz.
        block_seconds: Seconds of audio per block, about.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.

    Yields:
        Samples, shape (samples,); blocks differ in length.

    Raises:
        AudioError: As `read`; what was decoded before a defect has been yielded by then.
    """
    import soxr

    resampler: Any = None
    taken = given = rate = 0
    for native, rate in _mixed(_blocks(source, block_seconds, offset, duration)):
        _check_finite(source, native)
        taken += len(native)
        if rate == sample_rate:
            yield native
            continue
        if resampler is None:
            resampler = soxr.ResampleStream(rate, sample_rate, 1, "float32", _RESAMPLING)
        block = resampler.resample_chunk(native)
        given += len(block)
        if len(block):
            yield block
    if not taken:
        raise _empty(source, offset)
    if resampler is not None:
        rest = resampler.resample_chunk(np.empty(0, np.float32), last=True)
        rest = np.pad(rest, (0, max(0, _resampled(taken, rate, sample_rate) - given - len(rest))))
        if len(rest):
            yield rest


def channels(
    source: str | Path, *, block_seconds: float = BLOCK_SECONDS
) -> Iterator[tuple[Channels, int]]:
    """Decodes a file or standard input as it is: all channels, at its own rate.

    Args:
        source: A path, or ``-``.
        block_seconds: Seconds of audio per block, about.

    Yields:
        Samples, shape (samples, channels), and their rate in hertz; the same in every block.

    Raises:
        AudioError: As `read`; what was decoded before a defect has been yielded by then.
    """
    taken = 0
    for block, rate in _blocks(source, block_seconds):
        _check_finite(source, block)
        taken += len(block)
        yield block, rate
    if not taken:
        raise _empty(source, 0.0)


def mono(channels: Channels) -> Samples:
    """Takes the mean of all channels; (samples, channels) to (samples,)."""
    if channels.shape[1] == 1:
        return channels[:, 0]
    mixed: Samples = channels.mean(axis=1, dtype=np.float32)
    return mixed


def length(path: str | Path) -> float:
    """Measures how long a file is, in seconds, from its header or its packets.

    A damaged or unfinished file may hold less than it says.

    Raises:
        AudioError: The file is missing or is no audio.
    """
    source = Path(path)
    if not _check_file(source):
        raise AudioError(path, "is a pipe, which has no known length", "save it to a file first")
    if not _is_mpeg(source):
        with contextlib.suppress(libsndfile.UnsuitableError):
            return libsndfile.length(source)
    return ffmpeg.length(source)


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
    count = _resampled(len(samples), rate, target)
    if len(resampled) >= count:
        return resampled
    padded = np.zeros(count, np.float32)
    padded[: len(resampled)] = resampled
    return padded


def write(path: str | Path, samples: Samples, sample_rate: int) -> None:
    """Writes mono samples as 16-bit WAV or FLAC, by the path's suffix; whole or not at all.

    Raises:
        AudioError: The suffix is unknown or the file cannot be written.
    """
    import soundfile

    target = Path(path)
    kind = target.suffix.lower().lstrip(".").upper()
    if kind not in ("WAV", "FLAC"):
        raise AudioError(path, "has a suffix that ser does not write", "name it .wav or .flac")
    try:
        with atomic_path(target) as temporary:
            soundfile.write(temporary, samples, sample_rate, subtype="PCM_16", format=kind)
    except (OSError, soundfile.LibsndfileError) as error:
        raise AudioError(
            path, f"cannot be written ({error})", "check the folder and free space"
        ) from error


def _empty(source: object, offset: float) -> AudioError:
    cause = "holds no samples" if not offset else f"holds no samples after {offset:g} s"
    return AudioError(source, cause, "check that the recording is complete")


def _resampled(count: int, rate: int, target: int) -> int:
    """Gives the number of samples that `count` at `rate` become at `target`, rounded up."""
    return -(-count * target // rate)


def _mixed(blocks: Iterator[tuple[Channels, int]]) -> Iterator[tuple[Samples, int]]:
    return ((mono(block), rate) for block, rate in blocks)


def _blocks(
    source: str | Path, seconds: float, offset: float = 0.0, duration: float | None = None
) -> Iterator[tuple[Channels, int]]:
    """Decodes with the library that suits the source: libsndfile or FFmpeg."""
    if str(source) == STANDARD:
        yield from _piped(sys.stdin.buffer, seconds, offset, duration)
        return
    path = Path(source)
    if not _check_file(path):
        try:
            with path.open("rb") as pipe:
                yield from _piped(pipe, seconds, offset, duration)
        except AudioError as error:
            raise AudioError(source, error.cause, error.cure) from error
        return
    if not _is_mpeg(path):
        with contextlib.suppress(libsndfile.UnsuitableError):
            yield from libsndfile.blocks(path, seconds, offset, duration)
            return
    yield from ffmpeg.blocks(path, seconds, offset, duration)


def _piped(
    stream: IO[bytes], seconds: float, offset: float, duration: float | None
) -> Iterator[tuple[Channels, int]]:
    """Decodes what can be read once: plain WAV as it comes, everything else through FFmpeg."""
    try:
        yield from _cut(wav.blocks(stream, seconds), offset, duration)
    except wav.OtherFormatError as other:
        yield from ffmpeg.blocks(stream, seconds, offset, duration, start=other.start)


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
    """Recognises what libsndfile would take for MP3, by the name or the first bytes.

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
    return start == b"ID3" or (len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0)


def _check_finite(path: object, samples: Samples | Channels) -> None:
    # Any NaN would be the least and the greatest; so no array of answers is needed.
    if len(samples) and not (np.isfinite(samples.min()) and np.isfinite(samples.max())):
        raise AudioError(
            path, "holds samples that are not numbers (NaN or infinite)", "export it again"
        )
