"""The vocabulary and its spellings."""

from __future__ import annotations

import pytest

from ser.errors import LabelError, ParameterError
from ser.labels import (
    ALIASES,
    COMMON,
    RAVDESS_CODES,
    SPECIFIC,
    canonical,
    is_known,
    ordered,
    parse_map,
)


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("angry", "angry"),
        ("ANG", "angry"),
        (" Fear ", "fearful"),
        ("pleasant surprise", "surprised"),
        ("Pleasant-Surprised", "surprised"),
        ("pleasant_surprise", "surprised"),
        ("ps", "surprised"),
        ("happiness", "happy"),
        ("sadness", "sad"),
        ("bored", "boredom"),
        ("neutral", "neutral"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_spellings(spelled: str, name: str) -> None:
    assert canonical(spelled) == name
    assert is_known(spelled) == bool(name)


def test_every_alias_leads_to_a_name_and_is_none() -> None:
    assert set(ALIASES.values()) <= set(COMMON + SPECIFIC)
    assert not set(ALIASES) & set(COMMON + SPECIFIC)
    assert not set(COMMON) & set(SPECIFIC)


def test_an_unknown_name_is_refused_with_advice_or_passed_on() -> None:
    with pytest.raises(LabelError) as caught:
        canonical("angryy")
    assert "angryy" in str(caught.value)
    assert "surprised" in str(caught.value)
    assert canonical("Very Tired", strict=False) == "very_tired"
    assert not is_known("angryy")


def test_ravdess_codes() -> None:
    assert RAVDESS_CODES["01"] == "neutral"
    assert RAVDESS_CODES["08"] == "surprised"
    assert list(RAVDESS_CODES.values()) == list(COMMON)
    # Projects that count from 0 use the same order.
    assert all(COMMON[int(code) - 1] == name for code, name in RAVDESS_CODES.items())


def test_order_is_that_of_the_vocabulary_then_by_letter() -> None:
    names = ["zeal", "surprised", "boredom", "angry", "neutral", "angry"]
    assert ordered(names) == ["neutral", "angry", "surprised", "boredom", "zeal"]
    assert ordered([]) == []


def test_maps() -> None:
    assert parse_map(["calm=neutral", "fear=Happiness, bored = sad"]) == {
        "calm": "neutral",
        "fearful": "happy",
        "boredom": "sad",
    }
    assert parse_map([]) == {}
    assert parse_map(["Mellow=calm"]) == {"mellow": "calm"}


@pytest.mark.parametrize("pair", ["calm", "calm=", "=neutral", "", "calm=neutral,", "=", "a,b"])
def test_a_broken_pair_is_refused(pair: str) -> None:
    with pytest.raises(ParameterError, match="OLD=NEW"):
        parse_map([pair])
