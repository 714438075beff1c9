"""Which entries of a list are wanted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ser.errors import SerError


@dataclass(frozen=True, slots=True)
class Items:
    """Entries of a list, by their numbers.

    Attributes:
        ranges: First and last number, from 1; None is the end of the list. Empty wants all.
    """

    ranges: tuple[tuple[int, int | None], ...] = ()

    def wants(self, number: int) -> bool:
        """Says whether an entry is wanted; the first has the number 1."""
        return not self.ranges or any(
            first <= number and (last is None or number <= last) for first, last in self.ranges
        )

    def beyond(self, number: int) -> bool:
        """Says whether nothing is wanted from this entry on, so that no more need be listed."""
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
