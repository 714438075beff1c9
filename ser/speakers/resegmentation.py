"""Turns: which voice speaks in each tenth of a second of speech."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.arrays import Array, Indices, Matrix
from ser.speakers.regions import Region

STEP_SECONDS = 0.1
"""How exactly turns are cut."""

# How much one embedding says of moments around its middle, seconds (a standard deviation); what a
# change of speaker costs, and how similarities become log-likelihoods.
_SPREAD, _CHANGE, _SHARPNESS = 0.3, 2.2, 20.0


def find_turns(regions: Sequence[Region], centers: Matrix) -> list[tuple[float, float, int]]:
    """Finds who speaks when.

    The most probable path of a hidden Markov model through each region (Viterbi), whose states are
    the voices: a moment's likelihood comes from the embeddings around it.

    Args:
        regions: The speech.
        centers: The voices, shape (voices, size).

    Returns:
        Start and end in seconds and the number of the voice, in order; neighbours of one voice
        within a region are one.
    """
    found: list[tuple[float, float, int]] = []
    for region in regions:
        count = max(1, round((region.end - region.start) / STEP_SECONDS))
        edges = np.linspace(region.start, region.end, count + 1)
        middles = (edges[:-1] + edges[1:]) / 2
        distance = (middles[:, None] - region.times[None, :]) / _SPREAD
        # The nearest counts, however far it is.
        weights = np.exp(-0.5 * (distance**2 - (distance**2).min(axis=1, keepdims=True)))
        alike = region.embeddings @ centers.T
        scores = weights @ alike / weights.sum(axis=1, keepdims=True)
        path = _best_path(scores * _SHARPNESS)
        starts = np.flatnonzero(np.diff(path, prepend=-1))
        stops = np.append(starts[1:], count)
        found += [
            (float(edges[a]), float(edges[b]), int(path[a]))
            for a, b in zip(starts, stops, strict=True)
        ]
    return found


def _best_path(scores: Array) -> Indices:
    """Gives the best state of each step, where every change costs the same: (steps, states)."""
    total = scores[0].copy()
    back: Indices = np.zeros(scores.shape, np.intp)
    states = np.arange(scores.shape[1])
    for step in range(1, len(scores)):
        best = int(total.argmax())
        changed = total[best] - _CHANGE
        back[step] = np.where(total >= changed, states, best)
        total = np.maximum(total, changed) + scores[step]
    path: Indices = np.empty(len(scores), np.intp)
    path[-1] = total.argmax()
    for step in range(len(scores) - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path
