"""The report of one recording: its sound, its words, its file."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pages import RATE, data_of, sound_of, written_report
from pictures import rising_tone
from timelines import LABELS, angry

from ser.audio import reader
from ser.errors import SerError
from ser.timeline.window import SpokenText, Window, Word
from ser.viz.html.report import HtmlReport


def test_the_sound_is_in_the_page(tmp_path: Path) -> None:
    address = sound_of(written_report(tmp_path))
    start, _, text = address.partition(",")
    assert start == "data:audio/mpeg;base64"
    copy = tmp_path / "copy.mp3"
    copy.write_bytes(base64.b64decode(text, validate=True))
    heard = reader.read(copy, RATE)
    assert len(heard) == 8 * RATE
    assert np.corrcoef(heard, rising_tone(8))[0, 1] > 0.99


def test_what_was_said(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    words = [Word(f"w{n}</script>", n, n + 0.5, 1.0) for n in range(6)]
    with HtmlReport(target, "talk", LABELS, RATE, sound="none") as report:
        for start in range(4):
            inside = tuple(word for word in words if start <= word.start < start + 3)
            report.add_window(
                replace(angry(start, start + 3), spoken=SpokenText("said", times=inside))
            )
        report.save()
    page = target.read_text(encoding="utf-8")
    # Once each, although windows overlap.
    assert data_of(page)["words"] == [
        [n * 1000, n * 1000 + 500, f"w{n}</script>"] for n in range(6)
    ]
    assert page.count("<script") == 2


def test_a_part_of_a_recording(tmp_path: Path) -> None:
    embedded = data_of(written_report(tmp_path, start=60.0))
    # The sound in the page begins with the part, that of the file long before.
    assert (embedded["start"], embedded["origin"]) == (60_000, 60_000)
    linked = data_of(written_report(tmp_path, start=60.0, sound="link"))
    assert (linked["start"], linked["origin"]) == (60_000, 0)


def test_a_link_is_relative_to_the_page(tmp_path: Path) -> None:
    folder = tmp_path / "calls 100%"
    folder.mkdir()
    source = folder / "a#b:c?.wav"
    source.touch()
    target = tmp_path / "pages" / "report.html"
    with HtmlReport(target, str(source), LABELS, RATE, sound="link") as report:
        report.add_block(rising_tone(1))
        report.save()
        assert report.linked
    page = target.read_text(encoding="utf-8")
    assert sound_of(page) == "../calls%20100%25/a%23b%3Ac%3F.wav"
    assert "base64" not in page.split("</style>")[1]


def test_beyond_the_limit_the_recording_is_linked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sound_of(written_report(tmp_path, limit=10_000)) == "talk.wav"
    assert sound_of(written_report(tmp_path, limit=10_000, sound="embed")).startswith("data:audio")
    # What is known to be too long is not encoded in vain.
    monkeypatch.setattr("ser.viz.html.report.SoundEncoder", None)
    assert sound_of(written_report(tmp_path, limit=10_000, seconds=8.0)) == "talk.wav"
    monkeypatch.undo()
    with HtmlReport(tmp_path / "r.html", "-", LABELS, RATE, limit=10_000) as report:
        report.add_block(rising_tone(8))
        report.save()
        assert not report.linked
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<audio" not in page
    assert "made without its sound" in page


def test_no_sound(tmp_path: Path) -> None:
    page = written_report(tmp_path, sound="none")
    assert "<audio" not in page
    assert len(page) < 60_000


def test_what_is_no_file_cannot_be_linked_to(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="microphone: is no file"):
        HtmlReport(tmp_path / "r.html", "microphone", LABELS, RATE, sound="link")


def test_a_recording_without_windows(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with HtmlReport(target, "talk", LABELS, RATE, sound="none") as report:
        report.save()
    data = data_of(target.read_text(encoding="utf-8"))
    assert (data["windows"], data["segments"], data["low"]) == ([], [], [])


def test_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")
    with HtmlReport(target, "talk", LABELS, RATE) as report:
        report.add_block(rising_tone(1))
        # What the model does not know cannot be written.
        report.add_window(Window("talk", 0, 1, "smug", 1.0, {"smug": 1.0}))
        with pytest.raises(KeyError):
            report.save()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    with (
        HtmlReport(tmp_path, "talk", LABELS, RATE, sound="none") as report,
        pytest.raises(SerError, match="cannot be written"),
    ):
        report.save()


def test_nothing_temporary_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    written_report(tmp_path)
    with pytest.raises(KeyboardInterrupt), HtmlReport(tmp_path / "r", "x", LABELS, RATE) as report:
        report.add_block(rising_tone(1))
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []
