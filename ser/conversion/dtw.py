"""Which moment of one recording is which of another: dynamic time warping of many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Vector

# A step along one recording alone costs so much more than one along both: what is spoken goes on
# in both, as a rule.
_ALONE = 1.3


def align(sources: Sequence[Matrix], targets: Sequence[Matrix]) -> list[Vector]:
    """Aligns pairs of recordings of the same words.

    Method: Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word
    recognition", IEEE Trans. ASSP 26, 1978, without a slope constraint. Cells on an antidiagonal do
    not depend on each other, so that all pairs take a step at a time together.

    Args:
        sources: One matrix per pair, (frames, n).
        targets: Likewise, with as many columns.

    Returns:
        For each pair where in the target each frame of the source is, as a fractional frame,
        shape (source frames,), never falling.
    """
    if not sources:
        return []
    rows, columns = (np.array([len(m) for m in side]) for side in (sources, targets))
    local = np.zeros((len(rows), rows.max(), columns.max()), np.float32)
    for cost, source, target in zip(local, sources, targets, strict=True):
        cost[: len(source), : len(target)] = _distances(source, target)
    steps = _best_steps(local)
    return _positions(steps, rows, columns)


def _distances(source: Matrix, target: Matrix) -> Matrix:
    squares = (source**2).sum(axis=1)[:, None] + (target**2).sum(axis=1) - 2 * source @ target.T
    distances: Matrix = np.sqrt(np.maximum(squares, 0))
    return distances


def _best_steps(local: Matrix) -> npt.NDArray[np.int8]:
    """Says for each cell where the best path comes from: 0 both, 1 source alone, 2 target alone."""
    pairs, rows, columns = local.shape
    steps = np.zeros(local.shape, np.int8)
    # Costs of the last two antidiagonals by row, with one row more above the first.
    before = np.full((pairs, rows + 1), np.inf, np.float32)
    last = np.full((pairs, rows + 1), np.inf, np.float32)
    last[:, 1] = local[:, 0, 0]
    for diagonal in range(1, rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        here = local[:, row, diagonal - row]
        ways = np.stack(
            [before[:, row] + here, last[:, row] + _ALONE * here, last[:, row + 1] + _ALONE * here]
        )
        step = ways.argmin(axis=0)
        steps[:, row, diagonal - row] = step
        current = np.full_like(last, np.inf)
        current[:, row + 1] = np.take_along_axis(ways, step[None], axis=0)[0]
        before, last = last, current
    return steps


def _positions(
    steps: npt.NDArray[np.int8],
    rows: npt.NDArray[np.intp],
    columns: npt.NDArray[np.intp],
) -> list[Vector]:
    """Walks paths back from their ends, and gives each source frame's mean target frame."""
    pairs = np.arange(len(rows))
    row, column = rows - 1, columns - 1
    sums = np.zeros((len(rows), rows.max()))
    counts = np.zeros_like(sums)
    going = np.ones(len(rows), bool)
    while going.any():
        np.add.at(sums, (pairs[going], row[going]), column[going])
        np.add.at(counts, (pairs[going], row[going]), 1)
        going = going & ((row > 0) | (column > 0))
        step = steps[pairs, row, column]
        # The first row and column have one way back.
        step = np.where(row == 0, 2, np.where(column == 0, 1, step))
        row = row - (going & (step != 2))
        column = column - (going & (step != 1))
    return [
        (total[:count] / seen[:count]).astype(np.float32)
        for total, seen, count in zip(sums, counts, rows, strict=True)
    ]
