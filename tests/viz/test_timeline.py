"""Pictures of timelines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import RATE, png_size, tone, windows

from ser.timeline.window import Window
from ser.viz.overview import Overview
from ser.viz.timeline import draw_timeline, plot_timeline


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, windows(1)), (4.0, []), (30.0, windows(4, gap=5)), (0.001, windows(1))],
)
def test_timelines_at_the_edges(seconds: float, shown: list[Window], tmp_path: Path) -> None:
    draw_timeline(tmp_path / "t.png", shown, Overview.of(tone(seconds), RATE))
    assert png_size(tmp_path / "t.png")[0] > 1000


def test_silence_and_a_script_without_glyphs(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    sound = Overview.of(np.zeros(RATE, np.float32), RATE)
    draw_timeline(tmp_path / "t.png", windows(1), sound, title="日本.wav")
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_without_sound_the_probabilities_stand_alone() -> None:
    figure = plot_timeline(windows(), title="talk")
    assert len(figure.axes) == 1
    assert figure.axes[0].get_title(loc="left") == "talk"
    assert len(plot_timeline(windows(), Overview.of(tone(4), RATE)).axes) >= 3


def curve_count(gap: float) -> int:
    lines = plot_timeline(windows(4, gap)).axes[0].lines
    return sum(line.get_marker() == "None" for line in lines)


def test_curves_stop_at_gaps() -> None:
    assert curve_count(0.0) == 3
    assert curve_count(5.0) == 4 * 3
