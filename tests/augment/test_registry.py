"""Transforms by their text."""

from __future__ import annotations

import pytest

from ser.augment.registry import parse_transform
from ser.errors import SerError


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("noise", 10, 30),
        ("noise:5", 5, 5),
        (" noise:-5..12.5 ", -5, 12.5),
        ("stretch:0.9..1.1", 0.9, 1.1),
        ("gain:-40..0", -40, 0),
    ],
)
def test_ranges(text: str, low: float, high: float) -> None:
    transform = parse_transform(text)
    assert (transform.low, transform.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "augment=: is not an augmentation; use one of noise, stretch"),
        ("nois", "nois: is not an augmentation; did you mean noise?"),
        ("noise:", "noise:: has no range but ''; write noise:10..30"),
        ("noise:loud", "has no range but 'loud'"),
        ("noise:20..10", "noise:20..10: is no range of decibels of signal-to-noise ratio"),
        ("stretch:0", "is no range of factors of duration within 0.25 to 4"),
        ("stretch:1..9", "within 0.25 to 4"),
        ("speed:nan", "is no range"),
        ("pitch:1..2..3", "has no range but '1..2..3'; write pitch:-2..2"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(SerError) as caught:
        parse_transform(text)
    assert said in str(caught.value)
