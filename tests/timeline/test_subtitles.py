"""WebVTT and SubRip, read by webvtt-py."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import webvtt
from timelines import OVERLAPPING, angry, sad, silence, unsure, written

from ser.timeline.window import Window
from ser.timeline.writers.registry import make_writer

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


def test_times_are_exact_and_may_be_long() -> None:
    one = sad(3 * 3600 + 61.0004, 123 * 3600 + 0.9996)
    assert exact(written("vtt", one)) == ["03:01:01.000 --> 123:00:01.000"]
    assert exact(written("srt", one)) == ["03:01:01,000 --> 123:00:01,000"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_recording_without_windows(name: str, tmp_path: Path) -> None:
    text = written(name)
    assert text == ("WEBVTT\n\n" if name == "vtt" else "")
    assert not exact(written(name, silence(0, 3)))


def test_a_model_may_have_odd_labels(tmp_path: Path) -> None:
    label = "R&B <b>\n\n--> sad"
    one = Window("a.wav", 0, 3, label, 0.5, {label: 0.5})
    stream = io.StringIO()
    writer = make_writer("vtt", stream, [label])
    writer.begin()
    writer.write(one)
    writer.end()
    assert stream.getvalue().splitlines()[4] == "R&amp;B &lt;b&gt; --&gt; sad 0.50"
    assert len(read("vtt", stream.getvalue(), tmp_path)) == 1
    assert len(read("srt", written("srt", one), tmp_path)) == 1


def test_vtt_has_its_signature_and_numbered_cues() -> None:
    lines = written("vtt", angry(0, 3), sad(3, 6)).splitlines()
    assert lines[:4] == ["WEBVTT", "", "1", "00:00:00.000 --> 00:00:03.000"]
    assert lines[6] == "2"
