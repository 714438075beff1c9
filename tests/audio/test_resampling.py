"""Change of the sample rate in blocks is that of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import speech

from ser.audio.resampling import resample, resample_blocks


@pytest.mark.parametrize(("rate", "target"), [(16_000, 22_050), (44_100, 16_000), (8000, 8000)])
@pytest.mark.parametrize("size", [1, 999, 50_000])
def test_blocks(rate: int, target: int, size: int) -> None:
    samples = speech(rate, 1.0)[: 3000 if size == 1 else None]
    blocks = [samples[start : start + size] for start in range(0, len(samples), size)]
    found = np.concatenate(list(resample_blocks(blocks, rate, target)))
    np.testing.assert_allclose(found, resample(samples, rate, target), atol=1e-5)


def test_nothing() -> None:
    assert list(resample_blocks([], 8000, 16_000)) == []
