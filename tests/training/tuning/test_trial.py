"""The best of several trials."""

from __future__ import annotations

from ser.training.tuning.trial import Trial, best_trial


def test_the_best_is_complete_and_the_first_of_equals() -> None:
    trials = [
        Trial(1, {}, "complete", 0.4),
        Trial(2, {}, "pruned", 0.9),
        Trial(3, {}, "complete", 0.6),
        Trial(4, {}, "diverged", None),
        Trial(5, {}, "complete", 0.6),
    ]
    assert best_trial(trials) is trials[2]
    assert best_trial(trials[1:2]) is None
    assert best_trial([]) is None
