"""Labels of foreign models, and their scores."""

from __future__ import annotations

import pytest

from ser.text.emotion.base import common_names, normalize_scores


def test_labels_get_our_names_and_order() -> None:
    names = common_names(["joy", "anger", "neutral", "Love", "sadness"])
    assert list(names.values()) == ["neutral", "happy", "sad", "angry", "love"]
    assert names["joy"] == "happy"


def test_scores_become_shares() -> None:
    names = common_names(["joy", "happiness", "anger"])
    found = normalize_scores({"joy": 0.2, "happiness": 0.4, "anger": 0.6}, names)
    assert found == pytest.approx({"happy": 0.5, "angry": 0.5})
    assert list(found) == ["happy", "angry"]


def test_no_scores_are_no_opinion() -> None:
    assert normalize_scores({}, common_names(["joy", "anger"])) == {"happy": 0.5, "angry": 0.5}
