"""Another playing speed."""

from __future__ import annotations

import pytest
from augmenting import VOWEL, pitch_of, transformed


@pytest.mark.parametrize("factor", [0.8, 1.1])
def test_speed_changes_both(factor: float) -> None:
    result = transformed(f"speed:{factor}", VOWEL)
    assert len(result) == pytest.approx(len(VOWEL) / factor, abs=2)
    assert pitch_of(result) == pytest.approx(140 * factor, rel=0.01)
