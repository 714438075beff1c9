"""One finished trial of a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ser.models.base import Value

TrialOutcome = Literal["complete", "pruned", "diverged"]
"""Trained on every fold, given up, or come to a loss that is no number."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What one configuration was worth.

    Attributes:
        number: Counted from 1.
        values: The hyperparameters, by the names of `ser.training.tuning.space.search_space`.
        outcome: How it ended.
        score: The mean UAR over the inner folds; of a trial that was given up, that of the folds
            begun until then; None where there is no figure at all.
        folds: The UAR of each fold that was trained to its last epoch.
        steps: The scores on the way, by the number of epochs trained before, over all folds.
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
    """Gives the complete trial with the highest score, the first of equals."""
    complete = [t for t in trials if t.outcome == "complete" and t.score is not None]
    return max(complete, key=lambda t: (t.score or 0.0, -t.number), default=None)
