"""WebVTT and SubRip, read by webvtt-py."""

from __future__ import annotations

from pathlib import Path

import pytest
import webvtt
from timelines import OVERLAPPING, angry, sad, silence, spoken, unsure, written

FORMATS = ("vtt", "srt")


def read(name: str, text: str, folder: Path) -> list[tuple[float, float, str]]:
    path = folder / f"t.{name}"
    path.write_text(text, encoding="utf-8")
    captions = webvtt.read(path) if name == "vtt" else webvtt.from_srt(path)
    return [(c.start_in_seconds, c.end_in_seconds, c.text) for c in captions]


def exact(text: str) -> list[str]:
    return [line for line in text.splitlines() if " --> " in line]


@pytest.mark.parametrize("name", FORMATS)
def test_one_text_per_window_and_none_where_nobody_speaks(name: str, tmp_path: Path) -> None:
    text = written(name, angry(0, 3), silence(3, 6), unsure(6, 9), sad(9, 12))
    assert read(name, text, tmp_path) == [
        (0, 3, "angry 0.83"),
        (6, 9, "uncertain"),
        (9, 12, "sad 0.90"),
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_texts_do_not_overlap(name: str, tmp_path: Path) -> None:
    found = read(name, written(name, *OVERLAPPING), tmp_path)
    assert found == [
        (0, 2, "angry 0.83"),
        (2, 3, "angry 0.83"),
        (3, 4, "sad 0.90"),
        (5, 6, "uncertain"),
        (6, 8, "sad 0.90"),
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_more_labels_are_shown_when_asked_for(name: str, tmp_path: Path) -> None:
    found = read(name, written(name, angry(0, 3), unsure(3, 6), top=2), tmp_path)
    assert [text for _, _, text in found] == [
        "angry 0.83, neutral 0.10",
        "uncertain: angry 0.35, sad 0.34",
    ]


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_without_windows(name: str, tmp_path: Path) -> None:
    text = written(name)
    assert text == ("WEBVTT\n\n" if name == "vtt" else "")
    assert not exact(written(name, silence(0, 3)))


@pytest.mark.parametrize("name", ["srt", "vtt", "audacity"])
def test_captions_hold_the_words(name: str) -> None:
    assert "angry 0.83, words sad 0.70: so sad\n" in written(name, spoken(0, 3))
