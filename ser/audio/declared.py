"""How much sound a file says that it holds: what is missing of it when it was cut off.

Recorders and programs that write to a pipe do not know the length beforehand and leave a
placeholder there (0, 0xFFFFFFFF and the like): such files are as long as they are.
"""

from __future__ import annotations

import os
import struct
from typing import IO, NamedTuple

from ser.audio.signature import sound_start

# Programs that cannot go back to the header write one of these, or a little less to hold headers.
_LEAST_PLACEHOLDER = 0x7FFF0000

MOST_FLAC_SAMPLES = (1 << 36) - (1 << 20)
"""FLAC with more samples than these does not know its length: all ones stand for that."""

# More chunks in front of the sound are no file of sound but noise.
_MAX_CHUNKS = 1000

_W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
_PAGE_HEADER = 27
_PIECE = 1 << 20


class Declared(NamedTuple):
    """How much sound a file says that it holds, in any unit.

    Attributes:
        there: How much there can be, or None where `seconds` says it all.
        said: How much its header says.
        seconds: How many seconds its header says; None where only the share is known.
        slack: So many seconds less are no sign that something is missing.
    """

    there: float = 0.0
    said: float = 0.0
    seconds: float | None = None
    slack: float = 0.1

    def total(self, decoded: float) -> float | None:
        """Gives how many seconds a file should hold.

        Args:
            decoded: How many it holds.

        Returns:
            What its header says; None where it holds that, or nobody can say.
        """
        said = decoded * self.said / self.there if self.seconds is None else self.seconds
        return said if said - decoded > self.slack else None


def read_declared(file: IO[bytes]) -> Declared | None:
    """Reads how much sound a file says that it holds.

    Args:
        file: Open for reading, seekable; WAV, RF64, W64, AIFF, CAF, AU, FLAC or MP3.

    Returns:
        What it says; None where it says nothing, or has another format.
    """
    file.seek(0)
    place, start = sound_start(file)
    end = file.seek(0, os.SEEK_END)
    try:
        if start[:4] in (b"RIFF", b"RIFX") and start[8:12] == b"WAVE":
            return _chunks(file, place + 12, end, b"data", "<" if start[3:4] == b"F" else ">")
        if start[:4] in (b"RF64", b"BW64"):
            return _rf64(file, place + 12, end)
        if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
            return _chunks(file, place + 12, end, b"SSND", ">")
        if start[:4] == b"riff":
            return _w64(file, place + 40, end)
        if start[:4] == b"caff":
            return _caf(file, place + 8, end)
        if start[:4] == b".snd":
            offset, size = struct.unpack(">II", start[4:12])
            return _bytes(size, end - place - offset)
        if start[:4] == b"fLaC":
            return _flac(start)
        if start[:1] == b"\xff":
            file.seek(place)
            return _mp3(file.read(4096))
    except (struct.error, IndexError, OverflowError, ValueError, OSError):
        # The header itself was cut off, or leads nowhere.
        return None
    return None


def _bytes(said: int, there: int) -> Declared | None:
    if said == 0 or said >= _LEAST_PLACEHOLDER or there <= 0:
        return None
    return Declared(there, said)


def _read(file: IO[bytes], place: int, form: str) -> tuple[int | bytes, ...]:
    file.seek(place)
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _chunks(file: IO[bytes], place: int, end: int, wanted: bytes, order: str) -> Declared | None:
    """Walks over the chunks of RIFF or IFF, which begin at even places."""
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        name, size = struct.unpack(f"{order}4sI", file.read(8))
        if name == wanted:
            return _bytes(size, end - place - 8)
        place += 8 + size + size % 2
    return None


def _rf64(file: IO[bytes], place: int, end: int) -> Declared | None:
    """Reads RF64 (EBU Tech 3306): the size proper stands in the chunk ``ds64``."""
    file.seek(place)
    name, size, _, said = struct.unpack("<4sIQQ", file.read(24))
    if name != b"ds64":
        return None
    place += 8 + size
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        name, size = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            there = end - place - 8
            # A size beyond two gigabytes is no placeholder here.
            return Declared(there, said) if 0 < said < 1 << 62 and there > 0 else None
        place += 8 + size + size % 2
    return None


def _w64(file: IO[bytes], place: int, end: int) -> Declared | None:
    """Walks over the chunks of Sony's W64: 16 bytes of name, sizes that count the header too."""
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        name, size = struct.unpack("<16sQ", file.read(24))
        if name == _W64_DATA:
            there = end - place - 24
            return Declared(there, size - 24) if 24 < size < 1 << 62 and there > 0 else None
        place += max(size, 24) + -size % 8
    return None


def _caf(file: IO[bytes], place: int, end: int) -> Declared | None:
    """Walks over the chunks of Apple's CAF; a size of -1 reaches to the end."""
    for _ in range(_MAX_CHUNKS):
        file.seek(place)
        name, size = struct.unpack(">4sq", file.read(12))
        if name == b"data":
            there = end - place - 12
            return Declared(there, size) if size > 0 and there > 0 else None
        if size < 0:
            return None
        place += 12 + size
    return None


def _flac(start: bytes) -> Declared | None:
    """Reads the block STREAMINFO (RFC 9639): 20 bits of rate, 36 of the number of samples."""
    packed = int.from_bytes(start[18:26], "big")
    rate, samples = packed >> 44, packed & ((1 << 36) - 1)
    if not rate or not samples or samples >= MOST_FLAC_SAMPLES:
        return None
    return Declared(seconds=samples / rate)


def _mp3(start: bytes) -> Declared | None:
    """Reads the number of frames from the header that LAME and Xing write into the first one."""
    rates = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
    if len(start) < 4 or start[1] & 0xE0 != 0xE0:
        return None
    version, layer, code = start[1] >> 3 & 3, start[1] >> 1 & 3, start[2] >> 2 & 3
    if version == 1 or layer != 1 or code == 3:
        return None
    mono = start[3] >> 6 == 3
    side = (17 if mono else 32) if version == 3 else (9 if mono else 17)
    tag = start[4 + side :][:12]
    if tag[:4] not in (b"Xing", b"Info") or not tag[7] & 1:
        return None
    frames = int.from_bytes(tag[8:12], "big")
    per_frame = 1152 if version == 3 else 576
    if not frames:
        return None
    # The frames hold what encoders add at both ends, and players drop.
    return Declared(seconds=frames * per_frame / rates[version][code], slack=0.25)


class OggPages(NamedTuple):
    """What the pages of an Ogg file say.

    Attributes:
        chained: Streams follow each other, as in files that were joined.
        cut: It ends within a page.
        ended: The last stream has its end mark.
    """

    chained: bool
    cut: bool
    ended: bool


def read_ogg_pages(file: IO[bytes]) -> OggPages | None:
    """Walks over the pages of an Ogg file (RFC 3533), reading their headers alone.

    Args:
        file: Open for reading, seekable.

    Returns:
        What they say; None where the file does not begin with a page, or is damaged within, so that
        its pages cannot be followed.
    """
    file.seek(0)
    place, start = sound_start(file)
    if start[:4] != b"OggS":
        return None
    end = file.seek(0, os.SEEK_END)
    data, base = b"", place
    begun = chained = ended = False
    while place < end:
        if place + _PAGE_HEADER + 255 > base + len(data):
            file.seek(place)
            data, base = file.read(_PIECE), place
        at = place - base
        header = data[at : at + _PAGE_HEADER]
        if len(header) < _PAGE_HEADER:
            return OggPages(chained, True, ended)
        if header[:4] != b"OggS":
            return None
        first, ended = bool(header[5] & 2), bool(header[5] & 4)
        chained = chained or (first and begun)
        begun = begun or not first
        count = header[26]
        lacing = data[at + _PAGE_HEADER : at + _PAGE_HEADER + count]
        place += _PAGE_HEADER + count + sum(lacing)
        if place > end or len(lacing) < count:
            return OggPages(chained, True, ended)
    return OggPages(chained, False, ended)
