"""A timeline as a TextGrid of Praat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ser.timeline.writers.base import Interval, TierWriter


class TextGridWriter(TierWriter):
    """Writes two interval tiers in the long text format (Praat's manual, "TextGrid file formats").

    Intervals follow each other without gaps from 0 to the end of the last window; where nobody
    speaks, and before and between windows, they are empty.
    """

    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        """Gives the file's text."""
        # A recording without windows: Praat opens no grid of length 0.
        end = max(end, 1)
        lines = [
            'File type = "ooTextFile"',
            'Object class = "TextGrid"',
            "",
            "xmin = 0",
            f"xmax = {_seconds(end)}",
            "tiers? <exists>",
            f"size = {len(tiers)}",
            "item []:",
        ]
        for number, (name, intervals) in enumerate(tiers.items(), start=1):
            lines += [f"    item [{number}]:", *_tier(name, list(_filled(intervals, end)), end)]
        return "\n".join(lines) + "\n"


def _tier(name: str, intervals: Sequence[Interval], end: int) -> Iterator[str]:
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {_seconds(end)}"
    yield f"        intervals: size = {len(intervals)}"
    for number, (start, stop, text) in enumerate(intervals, start=1):
        yield f"        intervals [{number}]:"
        yield f"            xmin = {_seconds(start)}"
        yield f"            xmax = {_seconds(stop)}"
        yield f"            text = {_quoted(text)}"


def _filled(intervals: Sequence[Interval], end: int) -> Iterator[Interval]:
    """Puts empty intervals into the gaps."""
    reached = 0
    for interval in intervals:
        if interval[0] > reached:
            yield reached, interval[0], ""
        yield interval
        reached = interval[1]
    if reached < end:
        yield reached, end, ""


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
