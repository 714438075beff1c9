"""What is in the page of a report."""

from __future__ import annotations

import html
import os
import re
from pathlib import Path

import pytest
from pages import RATE, data_of, written_report
from pictures import rising_tone
from timelines import LABELS

from ser.colors import EMOTION_COLORS
from ser.timeline.window import Window
from ser.viz.html.report import HtmlReport


def test_what_the_script_draws(tmp_path: Path) -> None:
    data = data_of(written_report(tmp_path))
    assert data["labels"] == list(LABELS)
    assert data["names"] == [*LABELS, "uncertain", "no speech"]
    assert (data["start"], data["end"], data["origin"]) == (0, 8000, 0)
    assert data["windows"] == [
        [0, 3000, 1, 830, 0, 100, 830, 70],
        [1500, 4500, 2, 900, 0, 80, 20, 900],
        [3000, 6000, 4, 0, 0],
        [4500, 7500, 3, 350, 0, 310, 350, 340],
    ]
    assert (data["voices"], data["silences"]) == ([""], [])
    # Windows that overlap hand over in the middle.
    assert [row[:3] for row in data["segments"]] == [
        [0, 2250, 1], [2250, 3750, 2], [3750, 5250, 4], [5250, 7500, 3],
    ]  # fmt: skip
    assert data["light"][1] == EMOTION_COLORS["angry"]
    assert len(data["low"]) == len(data["high"]) == 1600
    assert data["column"] == 5
    assert min(data["low"]) == -127
    assert max(data["high"]) == 127


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    page = written_report(tmp_path)
    bare = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    assert not re.findall(r"https?:|//[a-z]|@import|url\(|<iframe|<object|<embed|<base", bare)
    assert re.findall(r'(?:src|href)="([^"]*)"', bare) == ["data:,", "data:audio/mpeg;"]
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; ")
    assert "unsafe" not in policy[1]
    assert "http" not in policy[1]


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>.wav".replace("/", "∕"),
        "<script>.wav",
        '"><img src=x onerror=alert(1)>.wav',
        "--><!--.wav",
        "{{script}} & 'co'.wav",
        os.fsdecode(b"caf\xe9.wav"),
    ],
)
def test_names_are_text_and_nothing_else(tmp_path: Path, name: str) -> None:
    page = written_report(tmp_path, name)
    assert page.count("<script") == 2
    assert page.count("<img") == page.count("<!--") == 0
    title = re.search(r"<title>(.*?) – emotions</title>", page)
    assert title is not None
    assert "<" not in title[1]
    assert '"' not in title[1]
    shown = name.encode("utf-8", "backslashreplace").decode()
    assert html.unescape(title[1]) == shown
    assert data_of(page)["labels"] == list(LABELS)


def test_labels_cannot_end_the_script(tmp_path: Path) -> None:
    label = "</script><script>alert(1)</script><!--"
    target = tmp_path / "report.html"
    with HtmlReport(target, "talk", [label], RATE, sound="none") as report:
        report.add_block(rising_tone(3))
        report.add_window(Window("talk", 0, 3, label, 1.0, {label: 1.0}))
        report.save()
    page = target.read_text(encoding="utf-8")
    assert page.count("<script") == 2
    assert data_of(page)["labels"] == [label]
