"""WebVTT."""

from __future__ import annotations

from pathlib import Path

import webvtt
from timelines import angry, sad, written

from ser.timeline.window import Window


def test_vtt_has_its_signature_and_numbered_cues() -> None:
    lines = written("vtt", angry(0, 3), sad(3, 6)).splitlines()
    assert lines[:4] == ["WEBVTT", "", "1", "00:00:00.000 --> 00:00:03.000"]
    assert lines[6] == "2"


def test_times_are_exact_and_may_be_long() -> None:
    text = written("vtt", sad(3 * 3600 + 61.0004, 123 * 3600 + 0.9996))
    assert "03:01:01.000 --> 123:00:01.000" in text.splitlines()


def test_a_model_may_have_odd_labels(tmp_path: Path) -> None:
    label = "R&B <b>\n\n--> sad"
    text = written("vtt", Window("a.wav", 0, 3, label, 0.5, {label: 0.5}))
    assert text.splitlines()[4] == "R&amp;B &lt;b&gt; --&gt; sad 0.50"
    path = tmp_path / "t.vtt"
    path.write_text(text, encoding="utf-8")
    assert len(webvtt.read(path)) == 1
