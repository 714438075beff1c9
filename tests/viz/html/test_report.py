"""The report of one recording: what is in the page."""

from __future__ import annotations

import base64
import html
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from timelines import LABELS, angry, sad, silence, unsure

from ser.audio import reader
from ser.colors import EMOTION_COLORS, contrast
from ser.errors import AudioError, SerError
from ser.timeline.window import SpokenText, Window, Word
from ser.viz.html.outline import DARK, Outline, on_dark
from ser.viz.html.report import Report
from ser.viz.html.track import KINDS, Track

RATE = 16_000
WINDOWS = (angry(0, 3), sad(1.5, 4.5), silence(3, 6), unsure(4.5, 7.5))


def tone(seconds: float, rate: int = RATE) -> np.ndarray:
    """Rises, so that every moment sounds different."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * (300 + 40 * t) * t)).astype(np.float32)


def made(folder: Path, name: str = "talk.wav", **more: Any) -> str:
    source = folder / name
    # Nobody opens it: what is heard is given.
    source.touch()
    target = folder / "report.html"
    with Report(target, str(source), LABELS, RATE, model="tiny", **more) as report:
        for block in np.array_split(tone(8), 7):
            report.hear(block)
        for window in WINDOWS:
            report.add(Window(str(source), *window_fields(window)))
        report.save()
    return target.read_text(encoding="utf-8")


def window_fields(window: Window) -> tuple[Any, ...]:
    return (
        window.start, window.end, window.emotion, window.confidence, window.probabilities,
    )  # fmt: skip


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def sound_of(page: str) -> str:
    found = re.search(r'<audio [^>]*src="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_what_the_script_draws(tmp_path: Path) -> None:
    data = data_of(made(tmp_path))
    assert data["labels"] == list(LABELS)
    assert data["names"] == [*LABELS, "uncertain", "no speech"]
    assert (data["start"], data["end"], data["origin"]) == (0, 8000, 0)
    assert data["windows"] == [
        [0, 3000, 1, 830, 100, 830, 70],
        [1500, 4500, 2, 900, 80, 20, 900],
        [3000, 6000, 4, 0],
        [4500, 7500, 3, 350, 310, 350, 340],
    ]
    # Windows that overlap hand over in the middle.
    assert [row[:3] for row in data["segments"]] == [
        [0, 2250, 1], [2250, 3750, 2], [3750, 5250, 4], [5250, 7500, 3],
    ]  # fmt: skip
    assert data["light"][1] == EMOTION_COLORS["angry"]
    assert len(data["low"]) == len(data["high"]) == 1600
    assert data["column"] == 5
    assert min(data["low"]) == -127
    assert max(data["high"]) == 127


def test_the_sound_is_in_the_page(tmp_path: Path) -> None:
    address = sound_of(made(tmp_path))
    start, _, text = address.partition(",")
    assert start == "data:audio/mpeg;base64"
    copy = tmp_path / "copy.mp3"
    copy.write_bytes(base64.b64decode(text, validate=True))
    heard = reader.read(copy, RATE)
    assert len(heard) == 8 * RATE
    assert np.corrcoef(heard, tone(8))[0, 1] > 0.99


def test_nothing_is_loaded_from_elsewhere(tmp_path: Path) -> None:
    page = made(tmp_path)
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
    page = made(tmp_path, name)
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
    with Report(target, "talk", [label], RATE, sound="none") as report:
        report.hear(tone(3))
        report.add(Window("talk", 0, 3, label, 1.0, {label: 1.0}))
        report.save()
    page = target.read_text(encoding="utf-8")
    assert page.count("<script") == 2
    assert data_of(page)["labels"] == [label]


def test_what_was_said(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    words = [Word(f"w{n}</script>", n, n + 0.5, 1.0) for n in range(6)]
    with Report(target, "talk", LABELS, RATE, sound="none") as report:
        for start in range(4):
            inside = tuple(word for word in words if start <= word.start < start + 3)
            report.add(replace(angry(start, start + 3), spoken=SpokenText("said", times=inside)))
        report.save()
    page = target.read_text(encoding="utf-8")
    # Once each, although windows overlap.
    assert data_of(page)["words"] == [
        [n * 1000, n * 1000 + 500, f"w{n}</script>"] for n in range(6)
    ]
    assert page.count("<script") == 2


def test_a_part_of_a_recording(tmp_path: Path) -> None:
    embedded = data_of(made(tmp_path, start=60.0))
    # The sound in the page begins with the part, that of the file long before.
    assert (embedded["start"], embedded["origin"]) == (60_000, 60_000)
    linked = data_of(made(tmp_path, start=60.0, sound="link"))
    assert (linked["start"], linked["origin"]) == (60_000, 0)


def test_a_link_is_relative_to_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "calls 100%"
    folder.mkdir()
    source = folder / "a#b:c?.wav"
    source.touch()
    target = tmp_path / "pages" / "report.html"
    with Report(target, str(source), LABELS, RATE, sound="link") as report:
        report.hear(tone(1))
        report.save()
        assert report.linked
    page = target.read_text(encoding="utf-8")
    assert sound_of(page) == "../calls%20100%25/a%23b%3Ac%3F.wav"
    assert "base64" not in page.split("</style>")[1]


def test_beyond_the_limit_the_recording_is_linked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sound_of(made(tmp_path, limit=10_000)) == "talk.wav"
    assert sound_of(made(tmp_path, limit=10_000, sound="embed")).startswith("data:audio")
    # What is known to be too long is not encoded in vain.
    monkeypatch.setattr("ser.viz.html.report.Track", None)
    assert sound_of(made(tmp_path, limit=10_000, seconds=8.0)) == "talk.wav"
    monkeypatch.undo()
    with Report(tmp_path / "r.html", "-", LABELS, RATE, limit=10_000) as report:
        report.hear(tone(8))
        report.save()
        assert not report.linked
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<audio" not in page
    assert "made without its sound" in page


def test_no_sound(tmp_path: Path) -> None:
    page = made(tmp_path, sound="none")
    assert "<audio" not in page
    assert len(page) < 60_000


def test_what_is_no_file_cannot_be_linked_to(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="microphone: is no file"):
        Report(tmp_path / "r.html", "microphone", LABELS, RATE, sound="link")


def test_a_recording_without_windows(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with Report(target, "talk", LABELS, RATE, sound="none") as report:
        report.save()
    data = data_of(target.read_text(encoding="utf-8"))
    assert (data["windows"], data["segments"], data["low"]) == ([], [], [])


def test_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with Report(target, "talk", LABELS, RATE) as report:
        report.hear(tone(1))
        # What the model does not know cannot be written.
        report.add(Window("talk", 0, 1, "smug", 1.0, {"smug": 1.0}))
        with pytest.raises(KeyError):
            report.save()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with (
        Report(tmp_path, "talk", LABELS, RATE, sound="none") as report,
        pytest.raises(SerError, match="cannot be written"),
    ):
        report.save()


def test_nothing_temporary_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    made(tmp_path)
    with pytest.raises(KeyboardInterrupt), Report(tmp_path / "r", "x", LABELS, RATE) as report:
        report.hear(tone(1))
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.codec)
@pytest.mark.parametrize("rate", [16_000, 22_050, 96_000])
def test_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, rate: int) -> None:
    monkeypatch.setattr("ser.viz.html.track.KINDS", (kind,))
    track = Track(tmp_path / "sound", rate, None)
    for block in np.array_split(tone(3, rate), 11):
        track.add(block)
    track.finish()
    assert track.mime == kind.mime
    # The container takes some room too.
    assert track.size <= track.path.stat().st_size < 1.3 * track.size + 2000
    heard = reader.read(track.path, rate)
    assert len(heard) / rate == pytest.approx(3, abs=0.1)
    overlap = min(len(heard), 3 * rate)
    assert np.corrcoef(heard[:overlap], tone(3, rate)[:overlap])[0, 1] > 0.95


def test_samples_beyond_full_scale(tmp_path: Path) -> None:
    track = Track(tmp_path / "sound", RATE)
    track.add(3 * tone(2))
    track.finish()
    heard = reader.read(track.path, RATE)
    assert np.corrcoef(heard, np.clip(3 * tone(2), -1, 1))[0, 1] > 0.98


def test_without_an_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser.viz.html.track.KINDS", (KINDS[0]._replace(codec="none"), KINDS[1]))
    assert Track(tmp_path / "sound", RATE).mime == KINDS[1].mime
    monkeypatch.setattr("ser.viz.html.track.KINDS", (KINDS[0]._replace(codec="none"),))
    with pytest.raises(AudioError, match="neither MP3 nor AAC"):
        Track(tmp_path / "sound", RATE)


@pytest.mark.parametrize("seconds", [0.0, 0.001, 7.0, 400.0])
def test_outlines(seconds: float) -> None:
    samples = np.random.default_rng(3).uniform(-1, 1, round(seconds * 8000)).astype(np.float32)
    outline = Outline(8000, columns=500)
    for start in range(0, len(samples), 4321):
        outline.add(samples[start : start + 4321])
    low, high = outline.columns()
    width = round(outline.column_seconds * 8000)
    assert len(low) <= 1001
    assert seconds < 3 or len(low) >= 500
    assert outline.seconds == pytest.approx(seconds)
    assert low.tolist() == [samples[i : i + width].min() for i in range(0, len(samples), width)]
    assert high.tolist() == [samples[i : i + width].max() for i in range(0, len(samples), width)]


def test_colours_on_dark_ground() -> None:
    for colour in [*EMOTION_COLORS.values(), "#000000", "#0000FF"]:
        assert contrast(on_dark(colour), DARK) >= 3.5
    # What can be seen is not changed.
    assert on_dark(EMOTION_COLORS["happy"]) == EMOTION_COLORS["happy"]
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
