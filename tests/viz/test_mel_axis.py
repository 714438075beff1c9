"""Round frequencies on an axis of mel bands."""

from __future__ import annotations

import numpy as np
import pytest

from ser.viz.figure import new_figure
from ser.viz.mel_axis import label_mel_axis


def test_round_frequencies_stand_at_their_bands() -> None:
    axes = new_figure(3, 3).subplots()
    label_mel_axis(axes, np.array([200.0, 500.0, 1000.0, 3000.0]))
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0.25", "0.5", "1", "2"]
    # Band i is drawn from i to i + 1: 500 Hz is the middle of the second.
    assert axes.get_yticks() == pytest.approx([0.5 + 1 / 6, 1.5, 2.5, 3.0])
