"""Shifts in time."""

from __future__ import annotations

import numpy as np
from augmenting import CLIP, transformed


def test_shifting_fills_with_zeros() -> None:
    later, earlier = transformed("shift:0.25"), transformed("shift:-0.25")
    assert not later[:4000].any()
    np.testing.assert_array_equal(later[4000:], CLIP[:-4000])
    np.testing.assert_array_equal(earlier[:-4000], CLIP[4000:])
    assert not earlier[-4000:].any()
    # Something stays, however short the clip.
    assert transformed("shift:50").tolist()[-1] == CLIP[0]
