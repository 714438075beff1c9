"""A timeline as a TextGrid of Praat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ser.timeline.writers.tiers import Interval, TierWriter


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
            f"xmax = {_format_seconds(end)}",
            "tiers? <exists>",
            f"size = {len(tiers)}",
            "item []:",
        ]
        for number, (name, intervals) in enumerate(tiers.items(), start=1):
            lines += [f"    item [{number}]:", *_tier(name, list(_fill_gaps(intervals, end)), end)]
        return "\n".join(lines) + "\n"


def _tier(name: str, intervals: Sequence[Interval], end: int) -> Iterator[str]:
    yield '        class = "IntervalTier"'
    yield f"        name = {_quote(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {_format_seconds(end)}"
    yield f"        intervals: size = {len(intervals)}"
    for number, (start, stop, text) in enumerate(intervals, start=1):
        yield f"        intervals [{number}]:"
        yield f"            xmin = {_format_seconds(start)}"
        yield f"            xmax = {_format_seconds(stop)}"
        yield f"            text = {_quote(text)}"


def _fill_gaps(intervals: Sequence[Interval], end: int) -> Iterator[Interval]:
    """Puts empty intervals into the gaps."""
    position = 0
    for interval in intervals:
        if interval[0] > position:
            yield position, interval[0], ""
        yield interval
        position = interval[1]
    if position < end:
        yield position, end, ""


def _format_seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
