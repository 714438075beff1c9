"""Audio in and out: decode anything, mix to mono, resample, stream in blocks.

libsndfile decodes what it knows (WAV, FLAC, Ogg, Opus, MP3, AIFF …), by looking at the bytes and
not at the name; FFmpeg's libraries, through PyAV, decode the rest (M4A, MP4, WebM …) and whatever
comes through a pipe. Samples are float32 in -1 to 1, mono (the mean of all channels).
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.errors import AudioError
from ser.files import STANDARD, atomic_path

Samples = npt.NDArray[np.float32]
"""Mono samples, shape (samples,)."""

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
    source = Path(path)
    _check_file(source)
    try:
        native, rate = _read_soundfile(source, offset, duration)
    except _UndecodableError:
        native, rate = _read_av(source, offset, duration)
    if not len(native):
        cause = "holds no samples" if not offset else f"holds no samples after {offset:g} s"
        raise AudioError(path, cause, "check that the recording is complete")
    _check_finite(path, native)
    return resample(native, rate, sample_rate)


def stream(
    source: str | Path, sample_rate: int, *, block_seconds: float = BLOCK_SECONDS
) -> Iterator[Samples]:
    """Decodes a file or standard input block by block, in constant memory.

    Args:
        source: A path, or ``-`` for audio on standard input (WAV or anything FFmpeg can stream).
        sample_rate: Wanted rate in hertz.
        block_seconds: Seconds of audio per block, about.

    Yields:
        Samples, shape (samples,); blocks differ in length.

    Raises:
        AudioError: As `read`; what was decoded before a defect has been yielded by then.
    """
    import soxr

    if str(source) != STANDARD:
        _check_file(Path(source))
    resampler: Any = None
    empty = True
    for native, rate in _native_blocks(source, block_seconds):
        _check_finite(source, native)
        empty = empty and not len(native)
        if rate == sample_rate:
            yield native
            continue
        if resampler is None:
            resampler = soxr.ResampleStream(rate, sample_rate, 1, "float32", _RESAMPLING)
        block = resampler.resample_chunk(native)
        if len(block):
            yield block
    if empty:
        raise AudioError(source, "holds no samples", "check that the recording is complete")
    if resampler is not None:
        rest = resampler.resample_chunk(np.empty(0, np.float32), last=True)
        if len(rest):
            yield rest


def length(path: str | Path) -> float:
    """Reads a file's duration in seconds from its header, or by decoding it where it has none.

    Raises:
        AudioError: The file cannot be decoded.
    """
    import soundfile

    source = Path(path)
    _check_file(source)
    with contextlib.suppress(soundfile.LibsndfileError):
        return float(soundfile.info(source).duration)
    seconds = _av_length(source)
    if seconds is not None:
        return seconds
    samples, rate = _read_av(source, 0.0, None)
    return len(samples) / rate


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
    missing = -(-len(samples) * target // rate) - len(resampled)
    return np.pad(resampled, (0, missing)) if missing > 0 else resampled


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


class _UndecodableError(Exception):
    """libsndfile does not know this format; FFmpeg may."""


def _check_file(path: Path) -> None:
    if not path.exists():
        raise AudioError(path, "does not exist", "check the path")
    if path.is_dir():
        raise AudioError(path, "is a directory", "name the audio files in it")
    if path.is_file() and path.stat().st_size == 0:
        raise AudioError(path, "is empty (0 bytes)", "check that the recording is complete")


def _check_finite(path: object, samples: Samples) -> None:
    if not np.isfinite(samples).all():
        raise AudioError(
            path, "holds samples that are not numbers (NaN or infinite)", "export it again"
        )


def _mono(channels: npt.NDArray[np.float32]) -> Samples:
    if channels.shape[1] == 1:
        return channels[:, 0]
    mixed: Samples = channels.mean(axis=1, dtype=np.float32)
    return mixed


def _read_soundfile(path: Path, offset: float, duration: float | None) -> tuple[Samples, int]:
    import soundfile

    try:
        with soundfile.SoundFile(path) as file:
            rate = int(file.samplerate)
            start = round(offset * rate)
            if start >= file.frames > 0:
                return np.empty(0, np.float32), rate
            if start:
                file.seek(start)
            count = -1 if duration is None else round(duration * rate)
            return _mono(file.read(count, dtype="float32", always_2d=True)), rate
    except soundfile.LibsndfileError as error:
        raise _UndecodableError from error
    except OSError as error:
        raise AudioError(path, f"cannot be read ({error.strerror or error})") from error


def _read_av(path: Path, offset: float, duration: float | None) -> tuple[Samples, int]:
    blocks: list[Samples] = []
    rate, seen = 1, 0
    for block, rate in _av_blocks(path):
        blocks.append(block)
        seen += len(block)
        if duration is not None and seen >= (offset + duration) * rate:
            break
    samples = np.concatenate(blocks) if blocks else np.empty(0, np.float32)
    start = round(offset * rate)
    stop = None if duration is None else start + round(duration * rate)
    return samples[start:stop], rate


def _native_blocks(source: str | Path, seconds: float) -> Iterator[tuple[Samples, int]]:
    import soundfile

    if str(source) == STANDARD:
        yield from _gathered(_av_blocks(sys.stdin.buffer), seconds)
        return
    try:
        file = soundfile.SoundFile(source)
    except soundfile.LibsndfileError:
        yield from _gathered(_av_blocks(Path(source)), seconds)
        return
    with file:
        rate = int(file.samplerate)
        size = max(1, int(seconds * rate))
        while True:
            try:
                block = file.read(size, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise AudioError(
                    source, f"is damaged after {file.tell() / rate:.1f} s ({error})"
                ) from error
            if not len(block):
                return
            yield _mono(block), rate


def _gathered(
    blocks: Iterator[tuple[Samples, int]], seconds: float
) -> Iterator[tuple[Samples, int]]:
    """Joins codec frames of some 20 ms to blocks worth resampling."""
    waiting: list[Samples] = []
    count, rate = 0, 0
    for block, rate in blocks:
        waiting.append(block)
        count += len(block)
        if count >= seconds * rate:
            yield np.concatenate(waiting), rate
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting), rate


def _av_blocks(source: Any) -> Iterator[tuple[Samples, int]]:
    """Decodes with FFmpeg's libraries, one codec frame at a time."""
    import av

    name = source if isinstance(source, Path) else STANDARD
    try:
        with av.open(str(source) if isinstance(source, Path) else source) as container:
            if not container.streams.audio:
                raise AudioError(name, "has no audio stream", "give a file with sound")
            rate = int(container.streams.audio[0].rate)
            # Planar float keeps the channels; their mean is taken here, because FFmpeg's own
            # mix-down weights and rescales them.
            converter = av.AudioResampler(format="fltp", rate=rate)
            for frame in container.decode(audio=0):
                for part in converter.resample(frame):
                    yield part.to_ndarray().mean(axis=0, dtype=np.float32), rate
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(
            name,
            f"cannot be decoded by libsndfile or FFmpeg ({reason})",
            "check that it is audio and complete",
        ) from error


def _av_length(path: Path) -> float | None:
    import av

    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise AudioError(path, "has no audio stream", "give a file with sound")
            return None if container.duration is None else container.duration / av.time_base
    except (av.FFmpegError, ValueError) as error:
        raise AudioError(
            path,
            f"cannot be decoded by libsndfile or FFmpeg ({error.strerror or error})"
            if isinstance(error, OSError)
            else f"cannot be decoded by libsndfile or FFmpeg ({error})",
            "check that it is audio and complete",
        ) from error
