"""WAV from a pipe, decoded as it arrives.

FFmpeg reads 64 kB of a WAV before it gives the first sample, which is two seconds of a live voice,
and libsndfile wants to go back in the file. The plain formats, which are what programs write to
pipes, need neither.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from ser.arrays import Channels, Samples
from ser.audio.causes import incomplete
from ser.io.files import STANDARD

# The length that a program writes which cannot go back to its header: 0, or a very large one.
_UNKNOWN_LENGTH, _LEAST_UNKNOWN_LENGTH = 0, 0x7FFF0000

_UNKNOWN = 1 << 62

# So many seconds less than the header says are no sign that something is missing.
_MAX_MISSING = 0.1

# Real headers are a few hundred bytes; some players put a picture there.
_MAX_HEADER = 1 << 24


class OtherFormatError(Exception):
    """The stream is no plain WAV.

    Attributes:
        start: The bytes that have been read from it.
    """

    def __init__(self, start: bytes) -> None:
        self.start = start
        super().__init__("not a plain WAV")


@dataclass(frozen=True, slots=True)
class _Format:
    """How samples are stored."""

    rate: int
    channels: int
    width: int  # bytes per sample
    decode: Callable[[bytes], Samples]


def blocks(stream: IO[bytes], seconds: float) -> Iterator[tuple[Channels, int]]:
    """Decodes a stream in blocks.

    Args:
        stream: Need not be seekable.
        seconds: Length of a block.

    Yields:
        Samples of all channels, shape (samples, channels), and their rate in hertz.

    Raises:
        OtherFormatError: It is something else, which another decoder may know.
        IncompleteError: It ends before its header says; all that is there has been yielded.
    """
    # A pipe may be live: take what is there instead of waiting for a full buffer.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    kind, said = _read_header(read)
    left = said
    frame = kind.channels * kind.width
    size = max(1, round(seconds * kind.rate)) * frame
    pending = bytearray()
    while left:
        got = read(min(size - len(pending), left))
        left -= len(got)
        pending += got
        if len(pending) >= size or not got or not left:
            complete = len(pending) - len(pending) % frame
            if complete:
                samples = kind.decode(bytes(pending[:complete]))
                yield samples.reshape(-1, kind.channels), kind.rate
            pending.clear()
        if not got:
            second = frame * kind.rate
            if said < _UNKNOWN and second * _MAX_MISSING < left < said:
                raise incomplete(STANDARD, (said - left) / second, said / second)
            return


def _read_header(read: Callable[[int], bytes]) -> tuple[_Format, int]:
    """Reads up to the first sample; gives the format and the number of bytes that follow."""
    seen = bytearray()

    def need(count: int) -> bytes:
        start = len(seen)
        while len(seen) < start + count:
            got = read(start + count - len(seen))
            if not got or len(seen) > _MAX_HEADER:
                raise OtherFormatError(bytes(seen))
            seen.extend(got)
        return bytes(seen[start:])

    # In two steps: other formats may have fewer than twelve bytes to say what they are.
    if need(4) != b"RIFF" or need(8)[4:] != b"WAVE":
        raise OtherFormatError(bytes(seen))
    kind: _Format | None = None
    while True:
        name, size = struct.unpack("<4sI", need(8))
        if name == b"data":
            if kind is None:
                raise OtherFormatError(bytes(seen))
            return (
                kind,
                _UNKNOWN if size == _UNKNOWN_LENGTH or size >= _LEAST_UNKNOWN_LENGTH else size,
            )
        # Chunks begin at even places.
        content = need(size + size % 2)
        if name == b"fmt ":
            kind = _parse_format(content)
            if kind is None:
                raise OtherFormatError(bytes(seen))


def _parse_format(content: bytes) -> _Format | None:
    """Reads the chunk ``fmt``; gives None where it is none of the plain formats."""
    if len(content) < 16:
        return None
    tag, channels, rate, _, frame, bits = struct.unpack("<HHIIHH", content[:16])
    if tag == 0xFFFE and len(content) >= 26:
        # "Extensible": the tag proper begins a longer identifier.
        tag = int.from_bytes(content[24:26], "little")
    decode = _DECODERS.get((tag, bits))
    if decode is None or not channels or not rate or frame != channels * bits // 8:
        return None
    return _Format(rate, channels, bits // 8, decode)


def _integer_decoder(kind: str, offset: int, scale: float) -> Callable[[bytes], Samples]:
    """Makes a decoder of integers of a NumPy type whose silence is `offset`."""

    def decode(data: bytes) -> Samples:
        values = np.frombuffer(data, kind).astype(np.float32)
        return (values - np.float32(offset)) * np.float32(1 / scale)

    return decode


def _decode_24_bits(data: bytes) -> Samples:
    """Decodes integers of three bytes."""
    parts = np.frombuffer(data, np.uint8).reshape(-1, 3)
    # As the upper three bytes of a number of four, which then has the right sign.
    wide = np.zeros((len(parts), 4), np.uint8)
    wide[:, 1:] = parts
    values: Samples = wide.view("<i4")[:, 0].astype(np.float32) * np.float32(2.0**-31)
    return values


def _float_decoder(kind: str) -> Callable[[bytes], Samples]:
    """Makes a decoder of floats of a NumPy type."""
    return lambda data: np.frombuffer(data, kind).astype(np.float32)


_DECODERS: dict[tuple[int, int], Callable[[bytes], Samples]] = {
    (1, 8): _integer_decoder("u1", 128, 128.0),
    (1, 16): _integer_decoder("<i2", 0, 32_768.0),
    (1, 24): _decode_24_bits,
    (1, 32): _integer_decoder("<i4", 0, 2.0**31),
    (3, 32): _float_decoder("<f4"),
    (3, 64): _float_decoder("<f8"),
}
