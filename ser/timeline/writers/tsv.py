"""A timeline as tab-separated values, with times in milliseconds as whisper writes them."""

from __future__ import annotations

from collections.abc import Sequence

from ser.timeline.clock import milliseconds
from ser.timeline.writers.base import escape_surrogates
from ser.timeline.writers.columns import ColumnWriter

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class TsvWriter(ColumnWriter):
    r"""Writes one line per record, made for ``cut`` and ``awk``.

    Tabs, line ends and backslashes inside a cell become ``\t``, ``\n``, ``\r`` and ``\\``, so that
    a line is always one record and a tab always ends a cell.
    """

    def write_row(self, cells: Sequence[str]) -> None:
        """Writes one row."""
        self.put("\t".join(escape_surrogates(cell.translate(_ESCAPES)) for cell in cells) + "\n")

    def time_cell(self, seconds: float) -> str:
        """Gives whole milliseconds."""
        return str(milliseconds(seconds))
