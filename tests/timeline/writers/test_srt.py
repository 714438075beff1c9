"""SubRip."""

from __future__ import annotations

from pathlib import Path

import webvtt
from timelines import sad, written

from ser.timeline.window import Window


def test_times_are_exact_and_may_be_long() -> None:
    text = written("srt", sad(3 * 3600 + 61.0004, 123 * 3600 + 0.9996))
    assert text.splitlines()[:2] == ["1", "03:01:01,000 --> 123:00:01,000"]


def test_a_model_may_have_odd_labels(tmp_path: Path) -> None:
    label = "R&B <b>\n\n--> sad"
    path = tmp_path / "t.srt"
    window = Window("a.wav", 0, 3, label, 0.5, {label: 0.5})
    path.write_text(written("srt", window), encoding="utf-8")
    assert len(webvtt.from_srt(path)) == 1
