"""The prior over emotions, where somebody knows how frequent they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.errors import ParameterError
from ser.models.prior import prior_shares, weigh

LABELS = ("neutral", "happy", "sad", "angry")


def test_all_emotions_alike() -> None:
    assert prior_shares("alike", LABELS).tolist() == [0.25] * 4


def test_shares_are_divided_by_their_sum() -> None:
    assert prior_shares({"neutral": 3, "anger": 1}, LABELS).tolist() == [0.75, 0, 0, 0.25]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("like", "give alike or shares"),
        ({}, "names no emotion"),
        ({"hapy": 1}, "did you mean happy"),
        ({"happy": 0}, "happy=0"),
        ({"happy": -1}, "not above 0"),
        ({"happy": float("nan")}, "not above 0"),
        ({"happy": float("inf")}, "not above 0"),
        ({"happy": True}, "not above 0"),
    ],
)
def test_wrong_priors(given: Any, part: str) -> None:
    with pytest.raises(ParameterError, match=part) as caught:
        prior_shares(given, LABELS)
    assert caught.value.parameter == "prior"


def test_probabilities_are_weighed() -> None:
    given = np.array([[0.4, 0.4, 0.1, 0.1], [0, 1, 0, 0]], np.float32)
    found = weigh(given, prior_shares({"neutral": 3, "angry": 1}, LABELS))
    assert found.dtype == np.float32
    assert found[0] == pytest.approx([12 / 13, 0, 0, 1 / 13])
    # Nothing of what occurs was heard.
    assert found[1] == pytest.approx([0.75, 0, 0, 0.25])
