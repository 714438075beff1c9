"""Pictures that are gathered while a recording is analyzed."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pictures import RATE, png_size, tone, windows

from ser.errors import SerError
from ser.viz.drawing import TimelinePicture
from ser.viz.overview import Overview
from ser.viz.timeline import draw_timeline


def test_blocks_and_windows_come_one_by_one(tmp_path: Path) -> None:
    drawing = TimelinePicture(".png").begin(RATE, "cnn")
    sound = tone(4)
    for start in range(0, len(sound), 1000):
        drawing.add_block(sound[start : start + 1000])
    for window in windows():
        drawing.add_window(window)
    drawing.save(tmp_path / "gathered.png", "calls/talk.wav")
    whole = Overview.of(sound, RATE)
    draw_timeline(tmp_path / "whole.png", windows(), whole, title="talk.wav", subtitle="model cnn")
    assert png_size(tmp_path / "gathered.png")[0] > 1000
    assert (tmp_path / "gathered.png").read_bytes() == (tmp_path / "whole.png").read_bytes()


def test_a_request_can_be_sent_to_another_process() -> None:
    picture = TimelinePicture(".svg")
    assert pickle.loads(pickle.dumps(picture)) == picture
    assert picture.suffix == ".svg"
    with pytest.raises(SerError, match="is not a picture's name"):
        TimelinePicture(".pdf")
