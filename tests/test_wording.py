"""Counting: one of a thing is not several."""

from __future__ import annotations

import pytest

from ser.wording import counted, visible, with_singulars


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 epochs"), (1, "1 epoch"), (2, "2 epochs"), (21, "21 epochs")]
)
def test_singular_and_plural(number: int, text: str) -> None:
    assert counted(number, "epoch") == text


def test_protocols_of_earlier_versions() -> None:
    old = "own clips (1 clips, 11 speakers), last of 1 epochs, seed 1"
    assert with_singulars(old) == "own clips (1 clip, 11 speakers), last of 1 epoch, seed 1"


def test_what_a_terminal_would_act_upon_is_written_visibly() -> None:
    assert visible("a é 語.wav") == "a é 語.wav"
    assert visible("a\x1b[31m\n\x9b\udcff\u202e") == r"a\x1b[31m\n\x9b\udcff\u202e"
