"""Timelines in notebooks."""

from __future__ import annotations

import sys

import pytest
from pictures import windows
from timelines import silence

from ser.timeline.window import Window
from ser.viz.notebook import timeline_html


def test_a_picture_and_a_table() -> None:
    found = timeline_html(windows(12), rows=10)
    assert found.count('<img alt="timeline"') == 1
    assert 'src="data:image/png;base64,' in found
    assert found.count("<tr>") == 11
    assert "2 more of 12 windows" in found
    assert "more of" not in timeline_html(windows(10), rows=10)


def test_names_are_escaped_and_windows_without_speech_have_no_confidence() -> None:
    odd = Window("<b>.wav", 0, 1, "<i>", 0.5, {"<i>": 0.5})
    found = timeline_html([odd, silence(1, 2)])
    assert "&lt;i&gt;" in found
    assert "<i>" not in found
    assert found.endswith("no speech</td><td></td></tr></tbody></table></div>")


def test_without_matplotlib_there_is_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = timeline_html(windows(2))
    assert "<img" not in found
    assert found.count("<tr>") == 3


def test_nothing() -> None:
    assert "<img" not in timeline_html([])
