"""When a trial is given up: the median stopping rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median

# Fewer finished trials than this have no median worth the name.
_LEAST_TRIALS = 4

# Scores of one epoch jump; a trial is judged by its last few.
_RECENT = 3


def hopeless(
    scores: Mapping[int, float], finished: Sequence[Mapping[int, float]], *, warmup: int = 0
) -> bool:
    """Says whether a trial lies behind the median of the finished ones at the same point.

    The rule is that of Golovin et al., "Google Vizier", KDD 2017, section 3.2.2, with means over
    the last three reports on both sides. Optuna's own `MedianPruner` compares a trial's best report
    so far; folds are not equally hard, so that a trial which did well on an easy first fold would
    never be given up on the others.

    Args:
        scores: What the trial has reported so far, higher is better, by step.
        finished: The same of each trial that was not given up.
        warmup: Steps, from 0, before which nothing is decided.
    """
    step = max(scores)
    if step < warmup:
        return False
    others = [_recent(other, step) for other in finished if step in other]
    return len(others) >= _LEAST_TRIALS and _recent(scores, step) < median(others)


def _recent(scores: Mapping[int, float], step: int) -> float:
    return fmean(scores[s] for s in range(step - _RECENT + 1, step + 1) if s in scores)
