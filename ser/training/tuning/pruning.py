"""Early termination of trials by the median stopping rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, median

# Fewer finished trials than this have no meaningful median.
_MIN_TRIALS = 4

# Scores of single epochs fluctuate; trials are compared by the mean of their last few.
_WINDOW = 3


def should_prune(
    scores: Mapping[int, float], finished: Sequence[Mapping[int, float]], *, warmup: int = 0
) -> bool:
    """Says whether a trial is below the median of the finished ones at the same step.

    The rule is that of Golovin et al., "Google Vizier", KDD 2017, section 3.2.2, with means over
    the last three steps on both sides. Optuna's own `MedianPruner` compares the best score of a
    trial so far. Folds are not equally hard, so a trial with a good score on an easy first fold
    would never be pruned on the others.

    Args:
        scores: The scores of the trial so far, by step; higher is better.
        finished: The scores of each trial that was not pruned.
        warmup: Steps, from 0, before which no trial is pruned.
    """
    step = max(scores)
    if step < warmup:
        return False
    others = [_recent_mean(other, step) for other in finished if step in other]
    return len(others) >= _MIN_TRIALS and _recent_mean(scores, step) < median(others)


def _recent_mean(scores: Mapping[int, float], step: int) -> float:
    return fmean(scores[s] for s in range(step - _WINDOW + 1, step + 1) if s in scores)
