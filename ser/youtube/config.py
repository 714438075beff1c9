"""The configuration of a fetch: which entries, which parts, and how."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ser.audio.selection import DEFAULT, Selection
from ser.errors import SerError
from ser.timeline.clock import parse_time


@dataclass(frozen=True, slots=True)
class Items:
    """A selection of the entries of a list, by their numbers.

    Attributes:
        ranges: First and last number, from 1; None is the end of the list. Empty wants all.
    """

    ranges: tuple[tuple[int, int | None], ...] = ()

    def wants(self, number: int) -> bool:
        """Says whether an entry is wanted; the first has the number 1."""
        return not self.ranges or any(
            first <= number and (last is None or number <= last) for first, last in self.ranges
        )

    def ends_before(self, number: int) -> bool:
        """Says whether no entry is wanted from this number on."""
        return bool(self.ranges) and all(
            last is not None and last < number for _, last in self.ranges
        )

    def __str__(self) -> str:
        return ",".join(
            str(first) if first == last else f"{first}-{'' if last is None else last}"
            for first, last in self.ranges
        )


def parse_items(text: str) -> Items:
    """Reads numbers and ranges, as ``1-20``, ``3,7,10-`` or ``1:20``.

    Raises:
        SerError: It is no such list.

    Examples:
        >>> parse_items("1-3,7")
        Items(ranges=((1, 3), (7, 7)))
    """
    ranges: list[tuple[int, int | None]] = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*([0-9]+)?\s*(?:([-:])\s*([0-9]+)?)?\s*", part)
        if match is None or not (match[1] or match[3]):
            raise SerError(f"items {text!r}", "are not numbers and ranges", "write 1-20 or 3,7,10-")
        first = int(match[1] or 1)
        last = (int(match[3]) if match[3] else None) if match[2] else first
        if first < 1 or (last is not None and last < first):
            raise SerError(f"items {text!r}", "count backwards", "the first entry is 1")
        ranges.append((first, last))
    return Items(tuple(ranges))


FileFormat = Literal["wav", "flac"]

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


@dataclass(frozen=True, slots=True)
class FetchConfig:
    """How recordings are fetched.

    Attributes:
        rate: Sample rate of the files, in hertz.
        kind: Format of the files.
        sections: The parts that are kept, a file for each; the whole recording where empty.
        items: Which entries of playlists and channels are wanted.
        selection: Which track of a recording is kept, and which channel.
        archive: A file of the recordings that are done, in yt-dlp's format.
        limit_rate: Most bytes per second to download; None has no limit.
        proxy: The proxy's URL; None takes it from the environment, ``""`` uses none.
        cookies: A file of cookies in Netscape's format.
        retries: How often what fails for a while is tried again.
        backoff: Seconds before the first of those; each next one waits twice as long.
        timeout: Seconds to wait for an answer.
        max_size: Most bytes of a recording's download; it ends where there are more.
        patience: Seconds after which a server that sends hardly anything is given up.
        overwrite: Fetch again what is in the folder already.
    """

    rate: int = 16_000
    kind: FileFormat = "wav"
    sections: tuple[Section, ...] = ()
    items: Items = field(default_factory=Items)
    selection: Selection = DEFAULT
    archive: Path | None = None
    limit_rate: int | None = None
    proxy: str | None = None
    cookies: Path | None = None
    retries: int = 3
    backoff: float = 1.0
    timeout: float = 20.0
    max_size: int = 4 << 30
    patience: float = 60.0
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


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a recording.

    Attributes:
        start: Seconds from the beginning.
        end: Seconds from the beginning; None is the end of the recording.
    """

    start: float = 0.0
    end: float | None = None

    @property
    def duration(self) -> float | None:
        """Seconds; None goes on to the end."""
        return None if self.end is None else self.end - self.start

    @property
    def whole(self) -> bool:
        """Whether this is the whole recording."""
        return self.start == 0 and self.end is None

    def within(self, outer: Section) -> Section:
        """Moves this part, whose times count from the start of `outer`, into the whole recording.

        Sites have clips, which are parts of a longer recording themselves.
        """
        end = None if self.end is None else outer.start + self.end
        if outer.end is not None:
            end = outer.end if end is None else min(end, outer.end)
        return Section(outer.start + self.start, end)

    def __str__(self) -> str:
        return f"{_format_time(self.start)}-{'' if self.end is None else _format_time(self.end)}"


def parse_section(text: str) -> Section:
    """Reads a part of a recording, as ``1:00-5:30``, ``90-``, or ``-2:30``.

    A leading ``*``, as yt-dlp writes it, is allowed.

    Raises:
        SerError: It is no such part, or ends before it starts.

    Examples:
        >>> parse_section("1:00-5:30")
        Section(start=60.0, end=330.0)
    """
    first, dash, last = text.strip().removeprefix("*").partition("-")
    try:
        if not dash or not (first.strip() or last.strip()):
            raise ValueError
        start = parse_time(first) if first.strip() else 0.0
        end = None if last.strip() in ("", "inf") else parse_time(last)
    except ValueError as error:
        raise SerError(f"section {text!r}", "is not FROM-TO", "write 1:00-5:30 or 90-") from error
    if end is not None and end <= start:
        raise SerError(f"section {text!r}", "ends before it starts", "write FROM-TO")
    return Section(start, end)


def _format_time(seconds: float) -> str:
    """Writes a time for file names too: 90 s is 1m30s, and 5.5 s 0m05.5s."""
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    whole, thousandths = divmod(rest, 1000)
    fraction = f".{thousandths:03d}".rstrip("0") if thousandths else ""
    return f"{minutes}m{whole:02d}{fraction}s"
