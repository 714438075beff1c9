"""Copies: what their chance depends on, and how many each clip gets."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from recordings import RATE, speech

from ser.augment.copies import Copies, copies_per_clip
from ser.augment.recipe import parse_recipe

CLIP = speech(RATE, 1.0)
COPIES = Copies(parse_recipe("noise,stretch+reverb,pitch,shift,gain"))


def test_a_copy_is_always_the_same() -> None:
    label, samples = COPIES.make(CLIP, RATE, "a.wav", 0.5, 3)
    again, same = COPIES.make(CLIP, RATE, "a.wav", 0.5, 3)
    assert (label, samples.tobytes()) == (again, same.tobytes())
    assert COPIES.label("a.wav", 0.5, 3) == label


def test_seed_recording_start_and_number_make_a_difference() -> None:
    recipe = parse_recipe("noise:0..50")
    other = Copies(recipe, seed=1)
    labels = [
        Copies(recipe).label("a.wav", 0.0, 1),
        other.label("a.wav", 0.0, 1),
        Copies(recipe).label("b.wav", 0.0, 1),
        Copies(recipe).label("a.wav", 0.1, 1),
        Copies(recipe).label("a.wav", 0.0, 2),
    ]
    assert len(set(labels)) == 5
    # And what is not drawn as a parameter differs as well: the noise itself.
    fixed = Copies(parse_recipe("noise:10"))
    kinds = [fixed.make(CLIP, RATE, "a.wav", 0.0, number) for number in range(1, 5)]
    assert len({samples.tobytes() for _, samples in kinds}) == 4


def test_names_that_are_not_utf_8() -> None:
    assert COPIES.label("caf\udce9.wav", 0.0, 1) == COPIES.label("caf\udce9.wav", 0.0, 1)


def number(emotions: list[str], copies: int, *, balance: bool = True, seed: int = 0) -> list[int]:
    keys = [f"{n}.wav" for n in range(len(emotions))]
    return copies_per_clip(emotions, keys, copies, balance=balance, seed=seed)


@pytest.mark.parametrize("copies", [0, 1, 7])
def test_balance_makes_all_emotions_equal(copies: int) -> None:
    emotions = ["sad"] * 10 + ["calm"] * 3 + ["angry"] * 7 + ["happy"] + [""] * 4
    found = number(emotions, copies)
    records: Counter[str] = Counter()
    for emotion, count in zip(emotions, found, strict=True):
        records[emotion] += 1 + count
    assert records == {
        **dict.fromkeys(("sad", "calm", "angry", "happy"), 10 * (1 + copies)),
        "": 4 * (1 + copies),
    }
    assert set(found[:10]) == set(found[-4:]) == {copies}
    for emotion in ("calm", "angry"):
        own = [n for n, e in zip(found, emotions, strict=True) if e == emotion]
        assert max(own) - min(own) <= 1


def test_without_balance_all_get_the_same() -> None:
    assert number(["sad", "sad", "calm"], 2, balance=False) == [2, 2, 2]
    assert number(["", ""], 2) == [2, 2]


def test_who_gets_one_more_depends_on_the_seed_and_not_on_the_order() -> None:
    emotions = ["sad"] * 50 + ["calm"] * 40
    keys = [f"{n}.wav" for n in range(90)]
    found = dict(zip(keys, copies_per_clip(emotions, keys, 1, balance=True, seed=3), strict=True))
    order = np.random.default_rng(0).permutation(90)
    moved = [keys[i] for i in order]
    again = copies_per_clip([emotions[i] for i in order], moved, 1, balance=True, seed=3)
    assert dict(zip(moved, again, strict=True)) == found
    assert number(emotions, 1, seed=3) != number(emotions, 1, seed=4)
