"""Fusion of voice and words, and contradictions between them."""

from __future__ import annotations

import pytest

from ser.errors import SerError
from ser.text.fusion import FusionWeights, disagreement, fuse, fused_labels, parse_weights

VOICE = {"neutral": 0.1, "calm": 0.3, "happy": 0.2, "angry": 0.4}
WORDS = {"neutral": 0.4, "happy": 0.5, "sad": 0.1}


def test_weights_are_read() -> None:
    assert parse_weights("voice=0.6,text=0.4") == FusionWeights(0.6, 0.4)
    assert parse_weights(" text = 3 , voice = 1 ") == FusionWeights(1, 3)
    assert parse_weights("voice=0.25") == FusionWeights(0.25, 0.75)
    assert parse_weights("text=0.25") == FusionWeights(0.75, 0.25)
    assert parse_weights("voice=2,text=2").voice_share == 0.5


@pytest.mark.parametrize(
    "text", ["", "0.6", "voice", "voice=a", "face=1", "voice=1,voice=0", "voice=nan,text=1"]
)
def test_what_is_no_weights(text: str) -> None:
    with pytest.raises(SerError, match=r"write voice=0\.6,text=0\.4"):
        parse_weights(text)


@pytest.mark.parametrize("text", ["voice=0,text=0", "voice=-1,text=2", "voice=inf,text=1"])
def test_impossible_weights(text: str) -> None:
    with pytest.raises(SerError, match="give two numbers of 0 or more, not both 0"):
        parse_weights(text)


def test_a_weighted_mean() -> None:
    found = fuse({"happy": 0.9, "sad": 0.1}, {"happy": 0.2, "sad": 0.8}, FusionWeights(0.75, 0.25))
    assert found == pytest.approx({"happy": 0.725, "sad": 0.275})


def test_calm_and_neutral_share_what_is_neutral_in_words() -> None:
    found = fuse(VOICE, WORDS, FusionWeights(0.5, 0.5))
    assert list(found) == ["neutral", "calm", "happy", "sad", "angry"]
    assert list(found) == list(fused_labels(tuple(VOICE), tuple(WORDS)))
    # A quarter of the words' 0.4 to neutral, three quarters to calm.
    assert found == pytest.approx(
        {"neutral": 0.1, "calm": 0.3, "happy": 0.35, "sad": 0.05, "angry": 0.2}
    )


def test_no_share_for_what_the_voice_rules_out() -> None:
    found = fuse(
        {"neutral": 0.0, "calm": 0.0, "sad": 1.0}, {"neutral": 1.0}, FusionWeights(0.5, 0.5)
    )
    assert found == pytest.approx({"neutral": 0.5, "calm": 0.0, "sad": 0.5})


@pytest.mark.parametrize(
    "weights", [FusionWeights(1, 0), FusionWeights(0, 1), FusionWeights(0.3, 9.7)]
)
def test_probabilities_add_up(weights: FusionWeights) -> None:
    assert sum(fuse(VOICE, WORDS, weights).values()) == pytest.approx(1)


def test_one_side_alone() -> None:
    assert fuse(VOICE, {}, FusionWeights()) == VOICE
    assert fuse({}, WORDS, FusionWeights()) == WORDS
    assert fuse({}, {}, FusionWeights()) == {}


CALM = {"neutral": 0.2, "calm": 0.7, "angry": 0.1}
FURIOUS = {"neutral": 0.1, "angry": 0.9}


def test_a_voice_that_contradicts_its_words() -> None:
    assert disagreement(CALM, FURIOUS, "I am furious") == 'said calmly: "I am furious"'
    assert disagreement({"happy": 0.9, "sad": 0.1}, {"sad": 0.8, "happy": 0.2}, "he died") == (
        'said happily: "he died"'
    )
    strange = disagreement({"pirate": 0.9, "sad": 0.1}, {"sad": 1.0}, "no")
    assert strange == 'said in a voice of pirate: "no"'


@pytest.mark.parametrize(
    ("voice", "words", "text"),
    [
        (CALM, {"neutral": 0.9, "angry": 0.1}, "plain words"),
        ({"angry": 0.9, "calm": 0.1}, FURIOUS, "the same"),
        ({"calm": 0.39, "sad": 0.31, "happy": 0.3}, FURIOUS, "a voice that is not sure"),
        (CALM, {"angry": 0.39, "sad": 0.31, "happy": 0.3}, "words that are not"),
        ({"calm": 0.6, "angry": 0.3, "sad": 0.1}, FURIOUS, "a little of the same"),
        ({}, FURIOUS, "no voice"),
        (CALM, {}, "no words"),
        (CALM, FURIOUS, ""),
    ],
)
def test_what_is_no_contradiction(
    voice: dict[str, float], words: dict[str, float], text: str
) -> None:
    assert disagreement(voice, words, text) == ""
