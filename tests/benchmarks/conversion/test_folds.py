"""The folds of the evaluation."""

from __future__ import annotations

import pytest

from benchmarks.conversion.folds import ACTORS, FOLDS, training_actors


def test_every_actor_is_translated_once() -> None:
    assert [f"{actor:02d}" for actor in range(1, 25)] == list(ACTORS)
    assert sum(len(fold) for fold in FOLDS) == len(ACTORS)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_fold_has_as_many_men_as_women_and_shares_nobody_with_its_training(number: int) -> None:
    fold = FOLDS[number - 1]
    assert [int(actor) % 2 for actor in fold].count(1) == len(fold) / 2 == 3
    assert not set(fold) & set(training_actors(number))
    assert len(training_actors(number)) == 18
