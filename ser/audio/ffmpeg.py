"""Decoding with FFmpeg's libraries (PyAV): MP3, M4A, MP4, WebM, and whatever a pipe brings."""

from __future__ import annotations

import contextlib
import errno
import itertools
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

import numpy as np

from ser.arrays import Channels
from ser.errors import AudioError
from ser.io.files import STANDARD

# Formats whose time stamps are kept beside the packets, so that one can seek to a second and know
# exactly where decoding begins. In others (raw AAC, AMR) FFmpeg guesses, and all is decoded.
_INDEXED = frozenset({"mov", "matroska", "mp3"})

# Seconds that a decoder needs before its output is right: overlapping windows, the bit reservoir of
# MP3, 80 ms for Opus.
_PRE_ROLL = 0.5

# Seconds of frames that are converted at once.
_CONVERTED_SECONDS = 1.0

# How much shorter than its header says a file may be: seconds, or a share of its length.
_MAX_MISSING_SECONDS, _MAX_MISSING_SHARE = 1.0, 0.01

# Containers that may hold a recording. Of its own accord FFmpeg also follows play lists to other
# files and addresses, and finds some format in nearly any data.
_FORMATS = (
    "3g2,3gp,aac,aax,ac3,aiff,amr,amrnb,amrwb,ape,apm,asf,au,avi,bonk,caf,dsf,dss,dts,dtshd,dv,eac3,"
    "f4v,flac,flv,gsm,gxf,iamf,iff,ilbc,ircam,loas,matroska,mlp,mov,mp2,mp3,mp4,mpc,mpc8,mpeg,mpegts,"
    "mxf,nistsphere,nut,ogg,oma,osq,paf,pvf,qcp,qoa,rka,rm,sbc,shn,sox,spdif,swf,tak,truehd,tta,voc,"
    "vqf,w64,wav,webm,wsd,wtv,wv,xa,xwma"
)


def blocks(
    source: Path | IO[bytes],
    seconds: float,
    offset: float = 0.0,
    duration: float | None = None,
    *,
    start: bytes = b"",
) -> Iterator[tuple[Channels, int]]:
    """Decodes a file or a stream in blocks.

    Args:
        source: A path, or a binary stream, which need not be seekable.
        seconds: Length of a block, about.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.
        start: What has been read from a stream already.

    Yields:
        Samples of all channels, shape (samples, channels), and their rate in hertz.

    Raises:
        AudioError: The source holds no audio that FFmpeg knows, or is damaged; what lies before
            the damage has been yielded.
    """
    name = source if isinstance(source, Path) else STANDARD
    pending: list[Channels] = []
    count, end, rate = 0, 0, 1
    claimed = 0.0
    try:
        with _open(source, name, start) as (container, stream):
            rate = int(stream.rate)
            first = round(offset * rate)
            last = None if duration is None else first + round(duration * rate)
            size = max(1, round(min(seconds, _CONVERTED_SECONDS) * rate))
            for position, samples in _frames(container, stream, rate, offset, size):
                end = position + len(samples)
                if end <= first:
                    continue
                kept = samples[max(first - position, 0) : last and max(last - position, 0)]
                pending.append(kept)
                count += len(kept)
                if count >= seconds * rate:
                    yield np.concatenate(pending), rate
                    pending, count = [], 0
                if last is not None and end >= last:
                    break
            else:
                claimed = _claimed_seconds(container)
    except _errors() as error:
        if pending:
            yield np.concatenate(pending), rate
        reason = _reason(error)
        if end:
            raise AudioError(
                name,
                f"is damaged after {end / rate:.1f} s ({reason})",
                "convert it again from its source",
            ) from error
        raise _undecodable(name, reason) from error
    if pending:
        yield np.concatenate(pending), rate
    if end and claimed - end / rate > max(_MAX_MISSING_SECONDS, _MAX_MISSING_SHARE * claimed):
        raise AudioError(
            name,
            f"is damaged after {end / rate:.1f} s (its header says {claimed:.1f} s)",
            "fetch it or convert it again",
        )


def length(source: Path | IO[bytes]) -> float:
    """Measures how long a file's sound is, in seconds, without decoding it.

    The header's figure is that of the longest stream, which may be the picture, and may be missing;
    where it cannot be trusted the packets are counted.

    Raises:
        AudioError: The file holds no audio that FFmpeg knows.
    """
    try:
        with _open(source, source) as (container, stream):
            if "mov" in container.format.name and stream.duration:
                return float(stream.duration * stream.time_base)
            return _packets_length(container.demux(stream), stream.time_base, stream.rate)
    except _errors() as error:
        raise _undecodable(source, _reason(error)) from error


def _claimed_seconds(container: Any) -> float:
    """Gives how long the header says that the sound is; 0 where it is not reliable.

    WebM may end anywhere, and FFmpeg takes it for complete. Beside a picture, sound may well be
    shorter than the header says; other formats either have an index that is missed, or guess.
    """
    if "matroska" not in container.format.name or len(container.streams) > 1:
        return 0.0
    return (container.duration or 0) / 1_000_000


def _errors() -> tuple[type[Exception], ...]:
    import av

    return (av.FFmpegError, ValueError, OSError)


def _reason(error: Exception) -> str:
    if getattr(error, "errno", None) == errno.EINVAL:
        # What FFmpeg says of formats that are not asked for.
        return "not a format of sound"
    return getattr(error, "strerror", None) or str(error)


def _undecodable(name: object, reason: str) -> AudioError:
    return AudioError(
        name,
        f"cannot be decoded by libsndfile or FFmpeg ({reason})",
        "check that it is audio and complete",
    )


@contextlib.contextmanager
def _open(source: Path | IO[bytes], name: object, start: bytes = b"") -> Iterator[tuple[Any, Any]]:
    """Opens a container, and its first audio stream."""
    import av

    with contextlib.ExitStack() as stack:
        target: Any = _Stream(source, start) if not isinstance(source, Path) else f"file:{source}"
        if isinstance(source, Path) and not _encodable(source):
            # PyAV takes no names that are not UTF-8, but open files.
            target = _Stream(stack.enter_context(source.open("rb")))
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file,pipe"}
        try:
            # PyAV before 19 refuses files whose tags are not UTF-8 unless told otherwise.
            container = av.open(target, metadata_errors="replace", container_options=options)
        except TypeError:
            container = av.open(target, container_options=options)
        stack.enter_context(container)
        if not container.streams.audio:
            raise AudioError(name, "has no audio stream", "give a file with sound")
        yield container, container.streams.audio[0]


def _encodable(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Stream:
    """A binary stream as PyAV wants it; it gives what is there instead of waiting for more."""

    def __init__(self, stream: IO[bytes], start: bytes = b"") -> None:
        # A pipe may be live: a whole buffer can be seconds of sound.
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._start = start
        if stream.seekable():
            if start:
                stream.seek(0)
                self._start = b""
            self.seek = stream.seek
            self.tell = stream.tell

    def read(self, count: int) -> bytes:
        if self._start:
            given, self._start = self._start[:count], self._start[count:]
            return given
        return self._read(count)

    def readable(self) -> bool:
        return True


def _frames(
    container: Any, stream: Any, rate: int, offset: float, size: int
) -> Iterator[tuple[int, Channels]]:
    """Decodes from shortly before `offset`; gives samples with the position of their first."""
    frames = container.decode(stream)
    position = 0
    if offset > 2 * _PRE_ROLL and _INDEXED & set(container.format.name.split(",")):
        frame = next(frames, None)
        if frame is None:
            return
        if frame.pts is not None:
            origin, first = frame.time, frame.samples
            wanted = round((origin + offset - _PRE_ROLL) / stream.time_base)
            # By the sound's own index: that of the picture has seconds between its key frames.
            container.seek(wanted, stream=stream)
            frames = container.decode(stream)
            frame = next(frames, None)
            if frame is None:
                return
            position = _correct_position(
                round((frame.time - origin) * rate), first, frame.samples, rate
            )
        frames = itertools.chain([frame], frames)
    for samples in _convert(frames, rate, size):
        yield position, samples
        position += len(samples)


def _correct_position(position: int, first: int, size: int, rate: int) -> int:
    """Corrects a position that a container has rounded, to milliseconds for instance.

    Frames of most codecs have one size, but for the first, whose start is dropped.
    """
    exact = first + size * round((position - first) / size)
    return exact if abs(exact - position) <= rate // 1000 else position


def _convert(frames: Iterator[Any], rate: int, size: int) -> Iterator[Channels]:
    """Converts frames of any sample format to float32 at one rate, some `size` samples at a time.

    Frames have 20 ms and less, and Python's share in each is as much work as decoding it: they are
    joined first. What was decoded before a defect is given before the error.
    """
    import av

    queue: Any = None
    converter: Any = None
    try:
        for frame in frames:
            # A queue would want time stamps without gaps.
            frame.pts = None
            try:
                if queue is not None:
                    queue.write(frame)
            except ValueError:
                # Another format than that of the frames before.
                yield from _drain(queue, converter)
                queue = None
            if queue is None:
                queue = av.AudioFifo()
                queue.write(frame)
                # The channels are kept: FFmpeg's own mix-down weights and rescales them.
                # Interleaved, because PyAV counts the planes of eight and more channels beyond
                # their end.
                converter = av.AudioResampler(format="flt", rate=rate)
            if queue.samples >= size:
                yield from _convert_queue(queue, converter)
    except _errors():
        yield from _drain(queue, converter)
        raise
    yield from _drain(queue, converter)


def _convert_queue(queue: Any, converter: Any) -> Iterator[Channels]:
    """Converts all that is in a queue."""
    yield from _to_arrays(converter.resample(queue.read(0)))


def _drain(queue: Any, converter: Any) -> Iterator[Channels]:
    """Converts all that is in a queue, and what the converter still holds."""
    if queue is None:
        return
    if queue.samples:
        yield from _convert_queue(queue, converter)
    yield from _to_arrays(converter.resample(None))


def _to_arrays(parts: Iterable[Any]) -> Iterator[Channels]:
    """Turns converted frames into arrays (samples, channels)."""
    for part in parts:
        if part is not None and part.samples:
            yield part.to_ndarray().reshape(-1, part.layout.nb_channels)


def _packets_length(packets: Iterator[Any], base: Fraction, rate: int) -> float:
    """Sums up the packets' seconds, less what encoders add at the ends and players drop."""
    first = last = usual = None
    total = 0.0
    dropped = 0
    for packet in packets:
        if not packet.size:
            continue
        duration = packet.duration or 0
        usual = usual or duration
        total += duration
        if packet.pts is not None:
            # Durations are rounded, sometimes to milliseconds; time stamps do not add that up.
            first = packet.pts if first is None else first
            last = packet.pts + duration
        # PyAV before 16 hides this from us; the length is then a few hundredths too long.
        if getattr(packet, "has_sidedata", lambda kind: False)("skip_samples"):
            start, end = np.frombuffer(bytes(packet.get_sidedata("skip_samples"))[:8], "<u4")
            # Some formats shorten the last packet themselves.
            dropped += int(start + (end if duration == usual else 0))
    if first is not None and last is not None:
        total = last - first
    return max(float(total * base) - dropped / rate, 0.0)
