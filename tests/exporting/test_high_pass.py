"""The high-pass filter against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, tensorflow

from ser.exporting.high_pass import high_pass
from ser.exporting.preprocess import whole
from ser.preprocess.high_pass import HighPass


@pytest.mark.parametrize("cutoff", [20.0, 60.0, 300.0])
@pytest.mark.parametrize("samples", [500, 23_999])
def test_an_offset_and_rumble_are_taken_out(cutoff: float, samples: int) -> None:
    tf = tensorflow()
    time = np.arange(samples) / 16_000
    rumble = 0.2 * np.sin(2 * np.pi * 13 * time) + 0.3
    sound = (np.resize(CLIPS["angry"], samples) + rumble).astype(np.float32)
    found = high_pass(tf, whole(tf, sound), 16_000, cutoff)
    assert int(found.length) == samples
    np.testing.assert_allclose(found.samples, HighPass(16_000, cutoff)(sound), atol=2e-6)
