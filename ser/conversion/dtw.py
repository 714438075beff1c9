"""Dynamic time warping: alignment of recordings of the same words, many pairs at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser.arrays import Indices, Matrix, Vector

# Cost factor of a step along one recording only, relative to a diagonal step.
_NON_DIAGONAL_COST = 1.3


def align(sources: Sequence[Matrix], targets: Sequence[Matrix]) -> list[Vector]:
    """Aligns pairs of recordings of the same words.

    Method: Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word
    recognition", IEEE Trans. ASSP 26, 1978, without a slope constraint. Cells on an
    antidiagonal do not depend on each other: all of them, of all pairs, are computed in one step.

    Args:
        sources: One matrix per pair, (frames, n).
        targets: Likewise, with as many columns.

    Returns:
        For each pair the fractional target frame of each source frame, shape (source frames,),
        never falling.
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
    """Computes the last step of the best path to each cell: 0 diagonal, 1 source, 2 target."""
    pairs, rows, columns = local.shape
    steps = np.zeros(local.shape, np.int8)
    # Costs of the last two antidiagonals by row, with an extra row above the first.
    before = np.full((pairs, rows + 1), np.inf, np.float32)
    last = np.full((pairs, rows + 1), np.inf, np.float32)
    last[:, 1] = local[:, 0, 0]
    for diagonal in range(1, rows + columns - 1):
        row = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        here = local[:, row, diagonal - row]
        ways = np.stack(
            [
                before[:, row] + here,
                last[:, row] + _NON_DIAGONAL_COST * here,
                last[:, row + 1] + _NON_DIAGONAL_COST * here,
            ]
        )
        step = ways.argmin(axis=0)
        steps[:, row, diagonal - row] = step
        current = np.full_like(last, np.inf)
        current[:, row + 1] = np.take_along_axis(ways, step[None], axis=0)[0]
        before, last = last, current
    return steps


def _positions(
    steps: npt.NDArray[np.int8],
    rows: Indices,
    columns: Indices,
) -> list[Vector]:
    """Backtracks the paths, and averages the target frames of each source frame."""
    pairs = np.arange(len(rows))
    row, column = rows - 1, columns - 1
    sums = np.zeros((len(rows), rows.max()))
    counts = np.zeros_like(sums)
    active = np.ones(len(rows), bool)
    while active.any():
        np.add.at(sums, (pairs[active], row[active]), column[active])
        np.add.at(counts, (pairs[active], row[active]), 1)
        active = active & ((row > 0) | (column > 0))
        step = steps[pairs, row, column]
        # In the first row and column there is only one way.
        step = np.where(row == 0, 2, np.where(column == 0, 1, step))
        row = row - (active & (step != 2))
        column = column - (active & (step != 1))
    return [
        (total[:count] / visits[:count]).astype(np.float32)
        for total, visits, count in zip(sums, counts, rows, strict=True)
    ]
