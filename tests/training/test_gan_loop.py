"""Discriminator and generator in turns: who is updated when, and who waits."""

from __future__ import annotations

import math

import pytest

from ser.models.acgan import ACGAN
from ser.training.gan_loop import RunningMeans, count_updates, train_alternately
from ser.training.trainer import DivergedError, check_finite


@pytest.mark.parametrize(
    ("d_steps", "g_steps", "steps", "expected"),
    [
        (1, 1, 6, (1, 6)),
        (2, 3, 6, (2, 9)),
        (4, 1, 6, (4, 1)),
        # The generator has its turn in every epoch, however short that is.
        (5, 2, 3, (3, 2)),
    ],
)
def test_updates_of_an_epoch(
    d_steps: int, g_steps: int, steps: int, expected: tuple[int, int]
) -> None:
    assert count_updates(ACGAN(d_steps=d_steps, g_steps=g_steps), steps) == expected


def turns(arch: ACGAN, steps: int, losses: dict[str, float]) -> tuple[str, dict[str, float]]:
    """Runs an epoch, and gives who was updated (d, g) or waited (D, G) in turn."""
    said: list[str] = []
    counted: list[int] = []

    def side(letter: str, batch: int, waits: bool) -> dict[str, float]:
        said.append(letter.upper() if waits else letter)
        return {f"{letter}_loss": losses[letter] + batch}

    row = train_alternately(
        range(steps),
        arch,
        lambda batch, waits: side("d", batch, waits),
        lambda batch, waits: side("g", batch, waits),
        counted.append,
        d_steps=count_updates(arch, steps)[0],
    )
    assert counted == [1] * steps
    return "".join(said), row


def test_the_sides_alternate_and_their_figures_are_means() -> None:
    order, row = turns(ACGAN(d_steps=2, g_steps=3), 4, {"d": 1.0, "g": 5.0})
    assert order == "ddgggddggg"
    # Of the batches 0 to 3; the generator has those in which it has its turn.
    assert row == {"d_loss": 1 + 1.5, "g_loss": 5 + 2.0}


def test_the_side_that_is_ahead_waits() -> None:
    order, row = turns(ACGAN(balance="loss"), 3, {"d": 1.0, "g": 100.0})
    # Before the generator's first turn nobody is ahead.
    assert order == "dgDgDg"
    assert (row["d_waits"], row["g_waits"]) == (pytest.approx(2 / 3), 0)
    assert turns(ACGAN(balance="loss"), 3, {"d": 100.0, "g": 1.0})[0] == "dgdGdG"
    # Less than half of the other's loss is a lead, and nothing else.
    assert turns(ACGAN(balance="loss"), 3, {"d": 10.0, "g": 18.0})[0] == "dgdgdg"
    assert turns(ACGAN(), 3, {"d": 1.0, "g": 100.0})[0] == "dgdgdg"


def test_recent_steps_count_more() -> None:
    means = RunningMeans()
    for value in (10.0, 1.0):
        means.add({"a": value}, b=3.0)
    # 0.9 * 10 + 0.1 * 1 = 9.1 is three times 3.
    assert means.is_ahead("b", "a")
    assert not means.is_ahead("a", "b")
    assert means.epoch_means() == {"a": 5.5, "b": 3.0}


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_ends_the_training(loss: float) -> None:
    check_finite(1.0)
    with pytest.raises(DivergedError, match="a loss that is not a number"):
        check_finite(loss)
