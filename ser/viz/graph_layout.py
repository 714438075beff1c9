"""Layered drawing of a directed graph: boxes in rows, every arrow pointing down.

After Sugiyama, Tagawa and Toda ("Methods for Visual Understanding of Hierarchical System
Structures", IEEE Transactions on Systems, Man, and Cybernetics 11, 1981): rows by the longest way
from the top, order within rows by barycenters, and places by least squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 24

# How much less a box resists being moved than the place where a long arrow passes its row: bends
# are worse than boxes out of line.
_STIFF = 6.0


@dataclass(frozen=True, slots=True)
class GraphLayout:
    """The places of boxes and arrows; x to the right and y downwards, from the upper left corner.

    Attributes:
        centers: x of each box's middle.
        tops: y of each box's upper edge.
        rows: y of each row's upper and lower edge.
        ranks: The row of each box.
        arrows: For each arrow, from and to which box, and the x at which it passes the rows in
            between.
        width: Of everything.
        height: Of everything.
    """

    centers: tuple[float, ...]
    tops: tuple[float, ...]
    rows: tuple[tuple[float, float], ...]
    ranks: tuple[int, ...]
    arrows: tuple[tuple[int, int, tuple[float, ...]], ...]
    width: float
    height: float


def place_boxes(
    sizes: Sequence[tuple[float, float]],
    sources: Sequence[Sequence[int]],
    *,
    gap: float,
    space: float,
) -> GraphLayout:
    """Finds the place of each box.

    Args:
        sizes: Width and height of each box.
        sources: For each box, the boxes with an arrow to it; all of them have smaller numbers.
        gap: Between rows.
        space: Between boxes of a row.
    """
    ranks = _ranks(sources)
    count = max(ranks, default=-1) + 1
    rows: list[list[int]] = [[] for _ in range(count)]
    widths = [width for width, _ in sizes]
    for box, rank in enumerate(ranks):
        rows[rank].append(box)
    above: list[list[int]] = [[] for _ in sizes]
    chains = []
    # An arrow over several rows passes each of them at a place of its own: a box without width.
    for box, before in enumerate(sources):
        for source in before:
            last, chain = source, []
            for rank in range(ranks[source] + 1, ranks[box]):
                bend = len(widths)
                widths.append(0.0)
                above.append([last])
                rows[rank].append(bend)
                chain.append(bend)
                last = bend
            above[box].append(last)
            chains.append((source, box, chain))
    below: list[list[int]] = [[] for _ in widths]
    for box, before in enumerate(above):
        for source in before:
            below[source].append(box)
    _order(rows, above, below)
    stiff = [1.0] * len(sizes) + [_STIFF] * (len(widths) - len(sizes))
    centers = _centers(rows, above, below, widths, stiff, space)
    left = min((c - w / 2 for c, w in zip(centers, widths, strict=True)), default=0.0)
    right = max((c + w / 2 for c, w in zip(centers, widths, strict=True)), default=0.0)
    edges, y = [], 0.0
    for row in rows:
        height = max((sizes[box][1] for box in row if box < len(sizes)), default=0.0)
        edges.append((y, y + height))
        y += height + gap
    return GraphLayout(
        tuple(c - left for c in centers[: len(sizes)]),
        tuple(edges[rank][0] for rank in ranks),
        tuple(edges),
        tuple(ranks),
        tuple((a, b, tuple(centers[p] - left for p in chain)) for a, b, chain in chains),
        right - left,
        max(0.0, y - gap),
    )


def _ranks(sources: Sequence[Sequence[int]]) -> list[int]:
    ranks: list[int] = []
    for before in sources:
        ranks.append(max((ranks[source] + 1 for source in before), default=0))
    return ranks


def _order(rows: list[list[int]], above: list[list[int]], below: list[list[int]]) -> None:
    """Sorts each row by the mean place of its neighbours; the fewest crossings win."""
    best, fewest = [list(row) for row in rows], _crossings(rows, below)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        neighbours = above if downwards else below
        for row in rows if downwards else rows[::-1]:
            spot = {box: i for other in rows for i, box in enumerate(other)}
            mean = {
                box: sum(spot[n] for n in neighbours[box]) / len(neighbours[box])
                if neighbours[box]
                else float(spot[box])
                for box in row
            }
            row.sort(key=mean.__getitem__)
        crossings = _crossings(rows, below)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _crossings(rows: list[list[int]], below: list[list[int]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        spot = {box: i for i, box in enumerate(lower)}
        ends = [sorted(spot[b] for b in below[box] if b in spot) for box in upper]
        flat = [end for group in ends for end in group]
        count += sum(a > b for i, a in enumerate(flat) for b in flat[i + 1 :])
    return count


def _centers(
    rows: list[list[int]],
    above: list[list[int]],
    below: list[list[int]],
    widths: list[float],
    stiff: list[float],
    space: float,
) -> list[float]:
    """Moves boxes towards the mean of their neighbours, as far as the row leaves room."""
    centers = [0.0] * len(widths)
    for row in rows:
        _spread(row, [0.0] * len(row), widths, stiff, space, centers)
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            wanted = []
            for box in row:
                near = above[box] + below[box]
                wanted.append(sum(centers[n] for n in near) / len(near) if near else centers[box])
            _spread(row, wanted, widths, stiff, space, centers)
    return centers


def _spread(
    row: list[int],
    wanted: list[float],
    widths: list[float],
    stiff: list[float],
    space: float,
    centers: list[float],
) -> None:
    """Puts a row's boxes as near as possible to where they want to be without overlaps.

    Least squares under a fixed order: with the boxes' own room taken off, this is isotonic
    regression, which pooling adjacent violators solves exactly.
    """
    offsets, at = [], 0.0
    for i, box in enumerate(row):
        if i:
            at += (widths[row[i - 1]] + widths[box]) / 2 + space
        offsets.append(at)
    pools: list[tuple[float, float, int]] = []
    for box, want, offset in zip(row, wanted, offsets, strict=True):
        mean, weight, count = want - offset, stiff[box], 1
        while pools and pools[-1][0] > mean:
            other, its, more = pools.pop()
            mean = (mean * weight + other * its) / (weight + its)
            weight, count = weight + its, count + more
        pools.append((mean, weight, count))
    i = 0
    for mean, _, count in pools:
        for _ in range(count):
            centers[row[i]] = mean + offsets[i]
            i += 1
