"""Waveform outlines, and colors on a dark background."""

from __future__ import annotations

import numpy as np
import pytest

from ser.colors import EMOTION_COLORS, contrast_ratio
from ser.viz.html.waveform import DARK_BACKGROUND, WaveformOutline, lighten_for_dark


@pytest.mark.parametrize("seconds", [0.0, 0.001, 7.0, 400.0])
def test_outlines(seconds: float) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, round(seconds * 8000)).astype(np.float32)
    outline = WaveformOutline(8000, columns=500)
    for start in range(0, len(samples), 4321):
        outline.add(samples[start : start + 4321])
    low, high = outline.columns()
    width = round(outline.column_seconds * 8000)
    assert len(low) <= 1001
    assert seconds < 3 or len(low) >= 500
    assert outline.seconds == pytest.approx(seconds)
    assert low.tolist() == [samples[i : i + width].min() for i in range(0, len(samples), width)]
    assert high.tolist() == [samples[i : i + width].max() for i in range(0, len(samples), width)]


def test_colors_on_dark_ground() -> None:
    for color in [*EMOTION_COLORS.values(), "#000000", "#0000FF"]:
        assert contrast_ratio(lighten_for_dark(color), DARK_BACKGROUND) >= 3.5
    # What can be seen is not changed.
    assert lighten_for_dark(EMOTION_COLORS["happy"]) == EMOTION_COLORS["happy"]
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21)
