"""A timeline as comma-separated values, for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Sequence

from ser.timeline.writers.base import escape_surrogates
from ser.timeline.writers.columns import ColumnWriter


class CsvWriter(ColumnWriter):
    """Writes RFC 4180: a header, quotes where they are needed, lines that end in CR LF.

    Times are in seconds.
    """

    def write_row(self, cells: Sequence[str]) -> None:
        """Writes one row."""
        csv.writer(self.stream).writerow([escape_surrogates(cell) for cell in cells])
        self.stream.flush()

    def time_cell(self, seconds: float) -> str:
        """Gives seconds with three decimals."""
        return f"{seconds:.3f}"
