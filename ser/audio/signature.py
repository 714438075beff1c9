"""What the first bytes of a file say that it is: they count, and its name does not."""

from __future__ import annotations

import re
from typing import IO

START_BYTES = 64
"""So many bytes tell the formats apart."""

# What libsndfile reads and has at its beginning: WAV, its big-endian and its 64-bit forms, W64,
# AIFF, FLAC, Ogg, CAF, AU, NIST's SPHERE, VOC, IRCAM, AVR.
_LIBSNDFILE = (
    b"RIFF", b"RIFX", b"RF64", b"BW64", b"riff", b"FORM", b"fLaC", b"OggS", b"caff", b".snd",
    b"dns.", b"NIST", b"Creative Voice", b"\x64\xa3", b"2BIT",
)  # fmt: skip

_LFS = b"version https://git-lfs.github.com/spec/"
_PAGE = re.compile(rb"\s*(<!DOCTYPE html|<html|<\?xml)", re.IGNORECASE)


def sound_start(file: IO[bytes]) -> tuple[int, bytes]:
    """Finds where the sound begins: some programs put ID3 tags in front of any format.

    Args:
        file: Open for reading, seekable.

    Returns:
        The place, and the first bytes there.
    """
    place = 0
    start = file.read(START_BYTES)
    while start[:3] == b"ID3" and len(start) >= 10:
        # Seven bits of each byte count: a size never looks like the beginning of a frame.
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(start[6:10], (21, 14, 7, 0), strict=True)
        )
        place += 10 + size + (10 if start[5] & 0x10 else 0)
        file.seek(place)
        start = file.read(START_BYTES)
    return place, start


def is_for_libsndfile(start: bytes, name: str) -> bool:
    """Says whether libsndfile is to try a file first.

    It could decode MP3 too, but its MP3 library writes its own complaints to standard error.

    Args:
        start: The first bytes behind any ID3 tags.
        name: The file's name, which counts where the bytes say nothing.
    """
    if start.startswith(_LIBSNDFILE):
        return True
    begins_with_frame = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    return not begins_with_frame and not name.lower().endswith((".mp3", ".mp2", ".mp1", ".mpga"))


def foreign_content(start: bytes) -> tuple[str, str] | None:
    """Recognizes what lies in the place of recordings.

    Args:
        start: The first bytes.

    Returns:
        What it is, and what to do about it; None where it may be sound.
    """
    if start.startswith(_LFS):
        return "is a Git LFS pointer and not the recording", "fetch the recordings: git lfs pull"
    if _PAGE.match(start):
        return "is a web page and not a recording", "download the recording itself"
    return None
