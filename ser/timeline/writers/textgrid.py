"""A timeline as a TextGrid of Praat."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ser.timeline.readers.textgrid import open_textgrid
from ser.timeline.writers.tiers import Interval, TierWriter, free_name


class TextGridWriter(TierWriter):
    """Writes two interval tiers in the long text format (Praat's manual, "TextGrid file formats").

    Intervals follow each other without gaps from 0 to the end of the last window; where nobody
    speaks, and before and between windows, they are empty. Where the windows come from a TextGrid,
    its tiers stand in front of these.
    """

    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        """Gives the file's text."""
        if self.options.annotation.lower().endswith(".textgrid"):
            return _extend(Path(self.options.annotation), tiers)
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


def _extend(path: Path, tiers: Mapping[str, Sequence[Interval]]) -> str:
    """Gives the text of a TextGrid with further tiers."""
    from praatio.data_classes.interval_tier import IntervalTier

    grid = open_textgrid(path)
    end = grid.maxTimestamp
    for name, intervals in tiers.items():
        # In floats of seconds, so that an end is the file's own where it should be.
        entries = [(a / 1000, min(b / 1000, end), text) for a, b, text in intervals]
        entries = [entry for entry in entries if entry[1] > entry[0]]
        own = free_name(name, grid.tierNames)
        grid.addTier(IntervalTier(own, entries, grid.minTimestamp, end), reportingMode="silence")
    with tempfile.TemporaryDirectory(prefix="ser-") as folder:
        # The library writes to files alone.
        target = Path(folder, "grid")
        grid.save(
            str(target),
            format="long_textgrid",
            includeBlankSpaces=True,
            minimumIntervalLength=None,
            reportingMode="silence",
        )
        return target.read_text(encoding="utf-8")


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
