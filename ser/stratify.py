"""Deals groups of records to sides so that each side looks like the whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Restarts cost one step per group each; this many steps take about a second.
_STEPS = 100_000
_MOST_RESTARTS = 300


def deal(
    counts: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64],
    shares: Sequence[float],
    seed: int,
) -> npt.NDArray[np.intp]:
    """Assigns each group to a side, close to the shares in every column.

    Groups go one by one, large ones first, to the side where they reduce the squared deviation
    from the shares the most, as in Sechidis et al. (2011), "On the stratification of multi-label
    data". The order is varied at random, and the best of many deals is taken.

    Args:
        counts: (groups, columns) how much each group holds of each column: clips of an emotion,
            clips by women and so on.
        weights: (columns,) how much a column's deviation matters.
        shares: The part of the whole that each side should get; they sum to 1.
        seed: The same seed gives the same deal.

    Returns:
        The number of the side of each group; no side is empty.

    Raises:
        ValueError: There are fewer groups than sides.
    """
    if len(counts) < len(shares):
        raise ValueError("fewer groups than sides")
    random = np.random.default_rng(seed)
    totals = counts.sum(axis=0)
    # Shares of a column, so that a rare emotion matters as much as a common one.
    parts = counts[:, totals > 0] / totals[totals > 0]
    weight = weights[totals > 0]
    target = np.asarray(shares, dtype=np.float64)[:, None]
    size = counts.sum(axis=1)
    best = np.zeros(len(counts), dtype=np.intp)
    best_loss = np.inf
    for attempt in range(min(_MOST_RESTARTS, max(1, _STEPS // len(counts)))):
        # The first deal goes strictly by size; the others let groups of similar size change places.
        least = 1.0 if attempt == 0 else 0.5
        order = random.permutation(len(size))
        order = order[
            np.argsort(-size[order] * random.uniform(least, 1.0, len(size)), kind="stable")
        ]
        sides, state = _greedy(parts, weight, target, order)
        _fill_empty(sides, state, parts, weight, len(target))
        loss = float((weight * state**2).sum())
        if loss < best_loss - 1e-12:
            best, best_loss = sides, loss
    return best


def _greedy(
    parts: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    target: npt.NDArray[np.float64],
    order: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    state = np.repeat(-target, parts.shape[1], axis=1)
    sides = np.zeros(len(parts), dtype=np.intp)
    weighted = parts * weight
    for group in order:
        # The square (s + p)² - s² = 2sp + p², and p² is the same for every side.
        side = int(np.argmin(state @ weighted[group]))
        sides[group] = side
        state[side] += parts[group]
    return sides, state


def _fill_empty(
    sides: npt.NDArray[np.intp],
    state: npt.NDArray[np.float64],
    parts: npt.NDArray[np.float64],
    weight: npt.NDArray[np.float64],
    number: int,
) -> None:
    for side in range(number):
        sizes = np.bincount(sides, minlength=number)
        if sizes[side]:
            continue
        # Small shares of few groups can leave a side with nothing; it gets the group that
        # costs least, from a side that can spare one.
        movable = np.flatnonzero(sizes[sides] > 1)
        cost = (weight * ((state[side] + parts[movable]) ** 2 - state[side] ** 2)).sum(axis=1)
        left = state[sides[movable]]
        cost += (weight * ((left - parts[movable]) ** 2 - left**2)).sum(axis=1)
        group = movable[np.argmin(cost)]
        state[sides[group]] -= parts[group]
        state[side] += parts[group]
        sides[group] = side
