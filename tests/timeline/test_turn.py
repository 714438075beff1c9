"""Turn-taking: whose turn how often, overlap and interruptions."""

from __future__ import annotations

import pytest

from ser.timeline.turn import Turn, measure_turns


def test_no_turns() -> None:
    assert measure_turns([]) == {}


def test_parts_of_one_speaker_are_one_turn() -> None:
    turns = [Turn(5, 6, "Ben"), Turn(0, 1, "Anna"), Turn(2, 3, "Anna"), Turn(7, 9, "Anna")]
    found = measure_turns(turns)
    assert list(found) == ["Anna", "Ben"]
    assert (found["Anna"].turns, found["Ben"].turns) == (2, 1)
    assert found["Anna"].seconds == 4
    assert found["Anna"].share == pytest.approx(0.8)
    assert found["Anna"].turn_share == pytest.approx(2 / 3)
    assert found["Anna"].followed == {"Ben": 1}
    assert found["Ben"].followed == {"Anna": 1}


def test_parts_that_overlap_count_once() -> None:
    found = measure_turns([Turn(0, 3, "Anna"), Turn(1, 2, "Anna"), Turn(3, 4, "Anna")])["Anna"]
    assert (found.seconds, found.turns, found.overlap) == (4, 1, 0)


def test_who_goes_on_interrupts() -> None:
    anna, ben = measure_turns([Turn(0, 4, "Anna"), Turn(3, 6, "Ben")]).values()
    assert (anna.interruptions, anna.interrupted) == (0, 1)
    assert (ben.interruptions, ben.interrupted) == (1, 0)
    assert anna.overlap == ben.overlap == 1


def test_who_ends_first_does_not_interrupt() -> None:
    anna, ben = measure_turns([Turn(0, 4, "Anna"), Turn(2, 2.5, "Ben")]).values()
    assert anna.interrupted == ben.interruptions == 0
    assert anna.overlap == ben.overlap == 0.5


def test_turns_that_touch_are_no_interruption() -> None:
    _, ben = measure_turns([Turn(0, 4, "Anna"), Turn(3.9, 6, "Ben")]).values()
    assert ben.interruptions == 0


def test_a_moment_of_three_counts_once_for_each() -> None:
    turns = [Turn(0, 4, "Anna"), Turn(1, 3, "Ben"), Turn(1, 3, "Carl")]
    assert {name: taking.overlap for name, taking in measure_turns(turns).items()} == {
        "Anna": 2,
        "Ben": 2,
        "Carl": 2,
    }
