"""Amplification and clipping."""

from __future__ import annotations

import numpy as np
from augmenting import CLIP, transformed


def test_gain_does_not_wrap_around() -> None:
    quiet = CLIP * np.float32(0.1 / np.abs(CLIP).max())
    np.testing.assert_allclose(transformed("gain:6", quiet), quiet * 10**0.3, rtol=1e-6)
    loud = transformed("gain:40", quiet)
    assert np.abs(loud).max() == 1.0
    assert (np.sign(loud) == np.sign(quiet)).all()
    # What was over full scale is not made worse.
    over = CLIP * np.float32(2 / np.abs(CLIP).max())
    np.testing.assert_allclose(transformed("gain:-1", over), over * 10**-0.05, rtol=1e-6)
