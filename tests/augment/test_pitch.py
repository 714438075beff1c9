"""Shifts of pitch."""

from __future__ import annotations

import pytest
from augmenting import VOWEL, pitch_of, transformed

from ser.augment.base import Parameters
from ser.augment.pitch import Pitch


@pytest.mark.parametrize("semitones", [-5.0, -1.0, 2.0, 7.0])
def test_pitch_moves_at_equal_duration(semitones: float) -> None:
    result = transformed(f"pitch:{semitones}", VOWEL)
    assert len(result) == len(VOWEL)
    assert pitch_of(result) == pytest.approx(140 * 2 ** (semitones / 12), rel=0.01)
    assert Pitch(-2, 2).label(Parameters(-0.0)) == "pitch=0st"
