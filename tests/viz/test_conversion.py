"""The picture of a translation: every column has its name, and says what it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from voiced import contours

from ser.colors import emotion_color
from ser.errors import SerError
from ser.viz.conversion import PlotColumn, draw_conversion


def words_of(picture: Path) -> str:
    return picture.read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [1, 8])
def test_columns_side_by_side(tmp_path: Path, count: int) -> None:
    emotions = ["angry", "sad", "neutral", "calm", "happy", "fearful", "disgust", "surprised"]
    sides = [PlotColumn(name, contours(140, seed=1)) for name in emotions[:count]]
    target = tmp_path / "x.svg"
    draw_conversion(target, contours(seed=1), sides, "talk.wav", "synthetic speech")
    words = words_of(target)
    for word in ("source", "talk.wav", "synthetic speech", "F0, Hz", "envelope, dB"):
        assert f">{word}<" in words
    for name in emotions[:count]:
        assert f">{name}<" in words
        assert emotion_color(name).lower() in words.lower()
    assert words.count(">time, seconds<") == count + 1


def test_a_higher_voice_is_drawn_higher(tmp_path: Path) -> None:
    low, high = contours(middle=80.0), contours(middle=92.0)
    draw_conversion(tmp_path / "x.svg", low, [PlotColumn("angry", high)])
    # From 100 Hz up an octave: the axis has both.
    assert all(f">{hertz}<" in words_of(tmp_path / "x.svg") for hertz in (100, 200))
    draw_conversion(tmp_path / "y.svg", low, [PlotColumn("angry", low)])
    assert ">200<" not in words_of(tmp_path / "y.svg")


def test_nobody_speaks(tmp_path: Path) -> None:
    whisper = contours(voiced=0.0)
    draw_conversion(tmp_path / "x.png", whisper, [PlotColumn("sad", whisper)])
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_no_picture(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="end it in"):
        draw_conversion(tmp_path / "x.gif", contours(), [])
    assert not list(tmp_path.iterdir())
