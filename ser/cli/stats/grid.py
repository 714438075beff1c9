"""Small tables of text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence


def grid(rows: Sequence[Sequence[object]]) -> list[str]:
    """Aligns rows of cells: the first column to the left, the others to the right.

    Args:
        rows: Rows of equal length, the heading first.

    Returns:
        One line per row, without spaces at its end.

    Examples:
        >>> grid([("corpus", "clips"), ("tess", 7)])
        ['corpus  clips', 'tess        7']
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
