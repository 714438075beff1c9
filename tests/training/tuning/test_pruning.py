"""The median rule: which trial is pruned, and which has to be given time."""

from __future__ import annotations

from ser.training.tuning.pruning import should_prune

FINISHED = [dict.fromkeys(range(6), score) for score in (0.2, 0.4, 0.5, 0.6, 0.8)]


def scores(*values: float) -> dict[int, float]:
    return dict(enumerate(values))


def test_below_the_median() -> None:
    assert should_prune(scores(0.4, 0.4, 0.4), FINISHED)
    assert not should_prune(scores(0.6, 0.6, 0.6), FINISHED)
    assert not should_prune(scores(0.5, 0.5, 0.5), FINISHED)


def test_nothing_is_decided_too_early() -> None:
    assert not should_prune(scores(0.1, 0.1), FINISHED, warmup=2)
    assert should_prune(scores(0.1, 0.1, 0.1), FINISHED, warmup=2)
    assert not should_prune(scores(0.1, 0.1, 0.1), FINISHED[:3])
    # Those that never came so far do not count.
    short = [{0: 0.9}] * 3
    assert not should_prune(scores(0.1, 0.1), [*short, *FINISHED[:3]])


def test_one_bad_epoch_is_forgiven() -> None:
    assert not should_prune(scores(0.6, 0.6, 0.45), FINISHED)
    assert should_prune(scores(0.6, 0.4, 0.4), FINISHED)


def test_an_early_success_does_not_count_for_ever() -> None:
    # As on an easy first fold.
    assert should_prune(scores(0.9, 0.9, 0.4, 0.4, 0.4), FINISHED)
