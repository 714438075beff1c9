"""How recordings are fetched: one frozen value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser.errors import SerError
from ser.youtube.items import Items
from ser.youtube.sections import Section

Kind = Literal["wav", "flac"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """How recordings are fetched.

    Attributes:
        rate: Sample rate of the files, in hertz.
        kind: Format of the files.
        sections: The parts that are kept, a file for each; the whole recording where empty.
        items: Which entries of playlists and channels are wanted.
        archive: A file of the recordings that are done, in yt-dlp's format.
        limit_rate: Most bytes per second to download; None has no limit.
        proxy: The proxy's URL; None takes it from the environment, ``""`` uses none.
        cookies: A file of cookies in Netscape's format.
        retries: How often what fails for a while is tried again.
        backoff: Seconds before the first of those; each next one waits twice as long.
        timeout: Seconds to wait for an answer.
        overwrite: Fetch again what is in the folder already.
    """

    rate: int = 16_000
    kind: Kind = "wav"
    sections: tuple[Section, ...] = ()
    items: Items = field(default_factory=Items)
    archive: Path | None = None
    limit_rate: int | None = None
    proxy: str | None = None
    cookies: Path | None = None
    retries: int = 3
    backoff: float = 1.0
    timeout: float = 20.0
    overwrite: bool = False

    def wait(self, attempt: int) -> float:
        """Gives the seconds before the next try.

        Args:
            attempt: How many retries there have been, from 0.
        """
        return float(min(self.backoff * 2 ** min(attempt, 16), 60.0))


def parse_size(text: str) -> int:
    """Reads a number of bytes, as ``500K`` or ``4.2M``; K is 1024.

    Raises:
        SerError: It is no such number.

    Examples:
        >>> parse_size("500K")
        512000
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]*)?)\s*([KMG]?)(?:i?B)?(?:/s)?\s*", text, re.I)
    size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if size < 1:
        raise SerError(f"rate {text!r}", "is no number of bytes", "write 500K or 4.2M")
    return size
