"""Decoding with FFmpeg's libraries (PyAV): MP3, M4A, MP4, WebM, and whatever a pipe brings."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from ser.arrays import Channels
from ser.audio.causes import IncompleteError, incomplete, undecodable
from ser.audio.container import decoder_errors, open_container, reason_of
from ser.audio.frames import to_arrays
from ser.audio.packets import packets_length, read_packets, said_by_header, said_by_index
from ser.audio.placement import (
    Broken,
    Clock,
    place,
    tolerance_of,
    zero_of,
)
from ser.audio.selection import Remark, ignore
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

# Of formats that count samples.
_EXACT = 0.1

# So much that cannot be decoded at the end is a tag or a cut packet, and no sound.
_MAX_BROKEN_END = 0.25

# A first frame that is so near the zero begins there: containers round, and encoders put a little
# in front.
_MAX_EARLY = 0.02

# Streams without a container: FFmpeg counts packets, and takes broken ones together as one.
_BARE = frozenset({"mp3", "aac", "ac3", "eac3", "dts", "loas"})

# The codecs of phones leave packets out in pauses, or send descriptions of noise that FFmpeg does
# not take (3GPP TS 26.092 and 26.192).
_WITH_PAUSES = frozenset({"amrnb", "amrwb", "amr_nb", "amr_wb"})


def blocks(
    source: Path | IO[bytes],
    seconds: float,
    offset: float = 0.0,
    duration: float | None = None,
    *,
    start: bytes = b"",
    track: int | None = None,
    remark: Remark = ignore,
) -> Iterator[tuple[Channels, int]]:
    """Decodes a file or a stream in blocks.

    Time is the container's, from its zero: gaps and broken packets are silence of their length.

    Args:
        source: A path, or a binary stream, which need not be seekable.
        seconds: Length of a block, about.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.
        start: What has been read from a stream already.
        track: The number of the track, from 1; None for the default one.
        remark: Told at the end what is unusual.

    Yields:
        Samples of all channels, shape (samples, channels), and their rate in hertz, which is the
        same in every block.

    Raises:
        IncompleteError: The file breaks off; all that is there has been yielded.
        AudioError: The source holds no audio that FFmpeg knows, or is damaged up to its end; what
            lies before the damage has been yielded.
    """
    name = source if isinstance(source, Path) else STANDARD
    pending: list[Channels] = []
    count, rate = 0, 1
    problem: AudioError | None = None
    with open_container(source, name, start=start, track=track, remark=remark) as opened:
        decoding = _Decoding(*opened)
        try:
            rate = decoding.begin(offset)
            first = round(offset * rate)
            last = None if duration is None else first + round(duration * rate)
            size = max(1, round(min(seconds, _CONVERTED_SECONDS) * rate))
            for position, samples in decoding.arrays(size) if rate else ():
                end = position + len(samples)
                if end <= first:
                    continue
                kept = samples[max(first - position, 0) : last and max(last - position, 0)]
                if pending and pending[0].shape[1] != kept.shape[1]:
                    yield np.concatenate(pending), rate
                    pending, count = [], 0
                pending.append(kept)
                count += len(kept)
                if count >= seconds * rate:
                    yield np.concatenate(pending), rate
                    pending, count = [], 0
                if last is not None and end >= last:
                    break
            else:
                problem = decoding.problem(name, source)
        except decoder_errors() as error:
            problem = decoding.problem(name, source, error)
            if problem is not None:
                problem.__cause__ = error
        if pending:
            yield np.concatenate(pending), rate
        for said in decoding.remarks():
            remark(said)
    if problem is not None:
        raise problem


def length(source: Path | IO[bytes], *, track: int | None = None) -> float:
    """Measures how long a file's sound is, in seconds, without decoding it.

    The header's figure is that of the longest stream, which may be the picture, and may be missing;
    where it cannot be trusted the packets are counted.

    Raises:
        AudioError: The file holds no audio that FFmpeg knows.
    """
    with open_container(source, source, track=track, remark=ignore) as (container, stream):
        try:
            said = said_by_index(container, stream)
            return packets_length(container, stream) if said is None else said
        except decoder_errors() as error:
            raise undecodable(source, source, reason_of(error)) from error


class _Decoding:
    """The decoding of one track, from an offset on, with its place in time.

    Args:
        container: PyAV's container.
        stream: The track.
    """

    def __init__(self, container: Any, stream: Any) -> None:
        self._container = container
        self._stream = stream
        self._clock = Clock(
            float(stream.time_base), zero_of(container), tolerance=tolerance_of(container)
        )
        self._items: Iterator[Any] = iter(())
        self._failure: Exception | None = None
        self._rate = 0
        self._position = 0
        self._said_incomplete = False

    def begin(self, offset: float) -> int:
        """Decodes the first frame, and moves to shortly before an offset.

        Returns:
            The sample rate in hertz; 0 where there is no sound.

        Raises:
            Exception: FFmpeg's; nothing can be decoded.
        """
        items = self._read()
        broken, frame = _first_frame(items)
        if frame is None:
            if self._failure is not None:
                raise self._failure
            return 0
        self._rate = frame.sample_rate
        clock = self._clock
        if frame.time is not None and abs(frame.time - clock.zero) <= _MAX_EARLY:
            clock.zero = frame.time
        begin = [*broken, frame]
        if offset > 2 * _PRE_ROLL and self._is_indexed() and frame.time is not None:
            first = frame.samples
            wanted = round((clock.zero + offset - _PRE_ROLL) / self._stream.time_base)
            # By the sound's own index: that of the picture has seconds between its key frames.
            self._container.seek(wanted, stream=self._stream)
            items = self._read()
            _, frame = _first_frame(items)
            begin = [] if frame is None else [frame]
            if frame is not None and frame.time is not None:
                at = round((frame.time - clock.zero) * self._rate)
                at = _correct_position(at, first, frame.samples, self._rate)
                # In a gap, or before a late start, there is silence.
                self._position = max(min(at, round((offset - _PRE_ROLL) * self._rate)), 0)
                clock.now = self._position / self._rate
        self._items = itertools.chain(begin, items)
        return self._rate

    def arrays(self, size: int) -> Iterator[tuple[int, Channels]]:
        """Gives the sound, and where each part of it begins, in samples from the zero."""
        for samples in to_arrays(place(self._items, self._clock), self._rate, size):
            yield self._position, samples
            self._position += len(samples)

    def problem(
        self, name: object, source: Path | IO[bytes], error: Exception | None = None
    ) -> AudioError | None:
        """Says what is wrong with the recording's end.

        Args:
            name: What the recording is called.
            source: The recording.
            error: What ended the decoding; None for its end.
        """
        there = self._position / self._rate if self._rate else 0.0
        failure = error or self._failure
        lost = (self._clock.broken_seconds or 0.0) > _MAX_BROKEN_END
        if failure is not None and not self._position:
            return undecodable(name, source, reason_of(failure))
        said = said_by_header(self._container, self._stream)
        exact = "flac" in self._container.format.name
        least = _EXACT if exact else max(_MAX_MISSING_SECONDS, _MAX_MISSING_SHARE * said)
        if said - there > least:
            self._said_incomplete = True
            return incomplete(name, there, said)
        if failure is not None and (error is not None or lost):
            return IncompleteError(
                name,
                f"is damaged after {there:.1f} s ({reason_of(failure)})",
                "convert it again from its source",
            )
        return None

    def remarks(self) -> list[str]:
        """Says what is unusual about what has been decoded."""
        found = self._clock.defects.remarks()
        if self._clock.broken_seconds is not None and not self._said_incomplete:
            found.append("it ends within a packet and may be incomplete")
        return found

    def _fail(self, error: Exception) -> None:
        self._failure = error

    def _is_indexed(self) -> bool:
        return bool(_INDEXED & set(self._container.format.name.split(",")))

    def _read(self) -> Iterator[Any]:
        """Decodes packet by packet; gives frames, and `Broken` where one cannot be decoded."""
        import av

        stream = self._stream
        with_pauses = stream.codec_context.name in _WITH_PAUSES
        bare = bool(_BARE & set(self._container.format.name.split(",")))
        count = size = 0
        for packet in read_packets(self._container, stream, self._fail):
            try:
                frames = packet.decode()
            except av.EOFError:
                return
            except av.FFmpegError as error:
                self._failure = error
                base = packet.time_base
                seconds = float((packet.duration or 0) * base)
                more = round(packet.size * count / size) - 1 if bare and size else 0
                yield Broken(
                    None if packet.pts is None else float(packet.pts * base),
                    seconds,
                    pause=with_pauses,
                    unstamped=max(more, 0) * seconds,
                )
                continue
            count, size = count + 1, size + packet.size
            for frame in frames:
                if frame.sample_rate > 0 and frame.layout.nb_channels > 0 and frame.samples:
                    yield frame


def _first_frame(items: Iterator[Any]) -> tuple[list[Broken], Any]:
    """Takes items up to the first frame; None in its place where there is none."""
    broken: list[Broken] = []
    for item in items:
        if not isinstance(item, Broken):
            return broken, item
        broken.append(item)
    return broken, None


def _correct_position(position: int, first: int, size: int, rate: int) -> int:
    """Corrects a position that a container has rounded, to milliseconds for instance.

    Frames of most codecs have one size, but for the first, whose start is dropped.
    """
    exact = first + size * round((position - first) / size)
    return exact if abs(exact - position) <= rate // 1000 else position
