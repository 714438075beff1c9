"""The timeline that an analysis gives: a sequence to look at, to save and to compute with."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render_demo
from timelines import LABELS, angry, sad, silence

from ser.api.timeline import Timeline
from ser.errors import OverwritingError, SerError
from ser.timeline.writers.registry import ENDINGS, FORMATS

RATE = 16_000


@pytest.fixture
def timeline() -> Timeline:
    windows = [sad(0, 3), sad(3, 6), silence(6, 9), angry(9, 12)]
    return Timeline(windows, labels=LABELS, model="m")


def test_it_is_a_sequence(timeline: Timeline) -> None:
    assert len(timeline) == 4
    assert timeline[0].emotion == "sad"
    assert timeline[-1].emotion == "angry"
    assert [window.start for window in timeline] == [0, 3, 6, 9]
    assert timeline[3] in timeline
    part = timeline[1:3]
    assert isinstance(part, Timeline)
    assert (len(part), part.labels, part.name) == (2, LABELS, timeline.name)
    with pytest.raises(IndexError):
        timeline[4]


def test_equal_timelines(timeline: Timeline) -> None:
    same = Timeline(list(timeline), labels=LABELS)
    assert same == timeline
    assert hash(same) == hash(timeline)
    assert timeline[:2] != timeline
    assert timeline != list(timeline)


def test_what_it_says_of_itself(timeline: Timeline) -> None:
    assert repr(timeline) == f"<Timeline: 4 windows of {timeline[0].file}, 0:12.0>"
    assert len(Timeline([], labels=LABELS, name="empty.wav")) == 0
    assert "0 windows of empty.wav" in repr(Timeline([], labels=LABELS, name="empty.wav"))


def test_segments_are_joined_windows(timeline: Timeline) -> None:
    joined = timeline.segments()
    assert isinstance(joined, Timeline)
    assert [(w.start, w.end, w.emotion) for w in joined] == [
        (0, 6, "sad"),
        (6, 9, "no speech"),
        (9, 12, "angry"),
    ]
    unsure = timeline.segments(min_confidence=0.99)
    assert {w.emotion for w in unsure} == {"uncertain", "no speech"}


def test_the_summary_counts_time(timeline: Timeline) -> None:
    summary = timeline.summary()
    assert (summary.seconds, summary.windows, summary.emotion) == (12, 4, "sad")
    assert summary.shares["sad"] == pytest.approx(2 / 3)
    assert summary.speech == pytest.approx(0.75)


def test_plain_types(timeline: Timeline) -> None:
    found = timeline.to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["labels"] == list(LABELS)
    assert found["model"] == "m"
    assert [row["emotion"] for row in found["windows"]] == [w.emotion for w in timeline]
    assert found["windows"][0]["probabilities"]["sad"] == pytest.approx(
        timeline[0].probabilities["sad"]
    )


def test_a_data_frame(timeline: Timeline) -> None:
    pandas = pytest.importorskip("pandas")
    frame = timeline.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["file", "start", "end", "emotion", "confidence", *LABELS]
    assert frame["emotion"].tolist() == ["sad", "sad", "no speech", "angry"]
    assert frame.loc[0, "sad"] == timeline[0].probabilities["sad"]
    assert math.isnan(frame.loc[2, "sad"])


def test_prediction_sets_of_a_data_frame() -> None:
    pytest.importorskip("pandas")
    sets = [("sad", "angry"), (), None]
    windows = [replace(sad(at, at + 1), prediction_set=found) for at, found in enumerate(sets)]
    frame = Timeline(windows, labels=LABELS, name="a.wav").to_pandas()
    assert frame["set"].tolist() == sets


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_saved(timeline: Timeline, name: str, tmp_path: Path) -> None:
    by_ending, by_name = tmp_path / f"a{ENDINGS[name]}", tmp_path / "a.other"
    timeline.save(by_ending)
    timeline.save(by_name, name)
    assert by_ending.read_bytes() == by_name.read_bytes()
    assert by_ending.stat().st_size > 20


def test_a_page_and_a_picture_with_the_sound(tmp_path: Path) -> None:
    samples = render_demo()
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    for source in (str(tmp_path / "a.wav"), (samples, RATE)):
        timeline = Timeline([sad(0, 3)], labels=LABELS, source=source, name="a.wav")
        timeline.save(tmp_path / "a.html")
        assert "<audio" in (tmp_path / "a.html").read_text(encoding="utf-8")
        timeline.save(tmp_path / "a.png")
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
        assert len(timeline.plot().axes) == 3
        assert len(timeline.plot(sound=False).axes) == 1


def test_without_the_sound_there_are_curves(timeline: Timeline, tmp_path: Path) -> None:
    timeline.save(tmp_path / "a.html")
    assert (tmp_path / "a.html").exists()
    assert len(timeline.plot().axes) == 1


def test_a_notebook_shows_a_picture_and_a_table() -> None:
    windows = [sad(3 * n, 3 * n + 3) for n in range(14)]
    shown = Timeline(windows, labels=LABELS, name="a<b.wav")._repr_html_()
    assert "<svg" in shown
    assert shown.count("<tr>") == 11
    assert "… and 4 more" in shown
    assert "a&lt;b.wav" in shown


def test_unknown_formats(timeline: Timeline, tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"^format=vt: is unknown; did you mean vtt"):
        timeline.save(tmp_path / "a.wav", "vt")
    with pytest.raises(SerError, match=r"a\.json: ends in \.json, .*; give `format`, or end it in"):
        timeline.save(tmp_path / "a.json")
    assert list(tmp_path.iterdir()) == []
    assert np.isfinite(timeline[0].confidence)


def test_the_recording_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "said.wav"
    soundfile.write(path, render_demo(RATE), RATE)
    before = path.read_bytes()
    kept = Timeline([sad(0, 3)], labels=LABELS, source=path)
    (tmp_path / "link.html").hardlink_to(path)
    for name, format in (("said.wav", "csv"), ("link.html", None)):
        with pytest.raises(OverwritingError):
            kept.save(tmp_path / name, format)
    assert path.read_bytes() == before
