"""One finished trial of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ser.models.base import Value

TrialOutcome = Literal["complete", "pruned", "diverged"]
"""Trained on every fold; stopped by the median rule; or ended with a loss that is not finite."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A finished trial: hyperparameters and their score.

    Attributes:
        number: Counted from 1.
        values: The hyperparameters, by the names of `ser.training.tuning.space.search_space`.
        outcome: How it ended.
        score: The mean UAR over the inner folds; of a pruned trial, over the folds begun until
            then; None if no epoch was scored.
        folds: The UAR of each fold that was trained to its last epoch.
        steps: Intermediate scores, by the number of epochs trained before, over all folds.
        seconds: How long it took.
    """

    number: int
    values: Mapping[str, Value]
    outcome: TrialOutcome
    score: float | None
    folds: tuple[float, ...] = ()
    steps: Mapping[int, float] = field(default_factory=dict)
    seconds: float = 0.0


def best_trial(trials: list[Trial]) -> Trial | None:
    """Gives the complete trial with the highest score, the first of equals; None if none is."""
    complete = [t for t in trials if t.outcome == "complete" and t.score is not None]
    return max(complete, key=lambda t: (t.score or 0.0, -t.number), default=None)
