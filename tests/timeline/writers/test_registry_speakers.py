"""The speaker in every format, and annotation files that get further tiers."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from annotations import TURNS, write_eaf, write_textgrid
from praatio import textgrid
from pympi import Elan
from timelines import LABELS, angry, sad, silence, written

from ser.timeline.summary import Summarizer, Summary
from ser.timeline.turn import Turn, measure_turns
from ser.timeline.writers.base import WriterOptions
from ser.timeline.writers.registry import FORMATS, make_writer

ANNA = replace(angry(0, 2), speaker="Anna")
BEN = replace(sad(1.5, 4), speaker="Ben <&>")
SPOKEN = (ANNA, BEN, replace(angry(4.25, 6), speaker="Anna"))


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_names_the_speaker(name: str) -> None:
    text = written(name, *SPOKEN, speakers=True)
    assert "Anna" in text
    assert "Ben" in text


def test_columns() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", *SPOKEN, speakers=True))))
    assert [row["speaker"] for row in rows] == ["Anna", "Ben <&>", "Anna"]
    assert "speaker" not in written("csv", angry(0, 2))


def test_rttm_has_the_speaker_where_others_have_it() -> None:
    fields = written("rttm", ANNA).split()
    assert (fields[6], fields[7]) == ("angry", "Anna")


def test_subtitles() -> None:
    assert "<v Anna>angry 0.83" in written("vtt", ANNA)
    assert "<v Ben &lt;&amp;&gt;>sad 0.90" in written("vtt", BEN)
    assert "\nAnna: angry 0.83" in written("srt", ANNA)
    # Two may speak at once.
    assert "00:00:01.500 --> 00:00:04.000" in written("vtt", *SPOKEN)


def test_control_characters_of_names_are_not_written_raw() -> None:
    bad = replace(ANNA, speaker="A\x1b[2J\nB")
    for name in ("text", "vtt", "srt", "audacity", "textgrid"):
        assert "\x1b" not in written(name, bad, speakers=True)
    assert "A\\x1b[2J\\nB" in written("text", bad)


def test_a_tier_for_each_speaker(tmp_path: Path) -> None:
    (tmp_path / "a.TextGrid").write_text(written("textgrid", *SPOKEN))
    grid = textgrid.openTextgrid(str(tmp_path / "a.TextGrid"), includeEmptyIntervals=False)
    assert grid.tierNames == (
        "emotion Anna",
        "confidence Anna",
        "emotion Ben <&>",
        "confidence Ben <&>",
    )


def test_records_of_segments_are_not_joined(tmp_path: Path) -> None:
    windows = (angry(0, 2), angry(2, 4), silence(4, 5))
    for whole, wanted in ((True, [(0, 2), (2, 4)]), (False, [(0, 4)])):
        (tmp_path / "a.TextGrid").write_text(written("textgrid", *windows, whole=whole))
        grid = textgrid.openTextgrid(str(tmp_path / "a.TextGrid"), includeEmptyIntervals=False)
        assert [(e.start, e.end) for e in grid.getTier("emotion").entries] == wanted


def records() -> list[object]:
    return [replace(angry(a, b), speaker=speaker) for a, b, speaker in TURNS]


@pytest.mark.parametrize("short", [True, False])
def test_a_textgrid_keeps_what_is_in_it(short: bool, tmp_path: Path) -> None:
    given = write_textgrid(tmp_path / "in.TextGrid", short=short)
    text = written("textgrid", *records(), whole=True, annotation=str(given))  # type: ignore[arg-type]
    (tmp_path / "out.TextGrid").write_text(text)
    before, after = (
        textgrid.openTextgrid(str(tmp_path / name), includeEmptyIntervals=True)
        for name in ("in.TextGrid", "out.TextGrid")
    )
    for tier in before.tierNames:
        assert after.getTier(tier).entries == before.getTier(tier).entries
    assert after.maxTimestamp == before.maxTimestamp == 7
    added = after.tierNames[len(before.tierNames) :]
    assert added == ("emotion Anna", "confidence Anna", "emotion Ben", "confidence Ben")
    assert [e.start for e in after.getTier("emotion Anna").entries if e.label] == [0, 4.25]
    # A second time the tiers have other names, and those of the first time stay.
    again = written(
        "textgrid",
        *records(),
        whole=True,
        annotation=str(tmp_path / "out.TextGrid"),  # type: ignore[arg-type]
    )
    assert again.count('name = "emotion Anna"') == again.count('name = "emotion Anna 2"') == 1


def test_an_annotation_file_keeps_what_is_in_it(tmp_path: Path) -> None:
    given = write_eaf(tmp_path / "in.eaf")
    text = written("eaf", *records(), whole=True, annotation=str(given))  # type: ignore[arg-type]
    (tmp_path / "out.eaf").write_text(text)
    before, after = (Elan.Eaf(str(tmp_path / name)) for name in ("in.eaf", "out.eaf"))
    for tier in before.get_tier_names():
        assert sorted(after.get_annotation_data_for_tier(tier)) == sorted(
            before.get_annotation_data_for_tier(tier)
        )
    assert sorted(after.get_annotation_data_for_tier("emotion Anna")) == [
        (0, 2000, "angry"),
        (4250, 6000, "angry"),
    ]
    (tmp_path / "in.eaf").write_text(text)
    again = written("eaf", *records(), whole=True, annotation=str(tmp_path / "in.eaf"))  # type: ignore[arg-type]
    (tmp_path / "again.eaf").write_text(again)
    tiers = Elan.Eaf(str(tmp_path / "again.eaf")).get_tier_names()
    assert {"emotion Anna", "emotion Anna 2"} <= set(tiers)
    ids = [part.split('"')[0] for part in again.split(' ANNOTATION_ID="')[1:]]
    assert len(ids) == len(set(ids))
    slots = [part.split('"')[0] for part in again.split(' TIME_SLOT_ID="')[1:]]
    assert len(slots) == len(set(slots))


def of_anna() -> Summary:
    summarizer = Summarizer("a.wav", LABELS, None, "Anna")
    summarizer.add(ANNA)
    turns = [Turn(0, 4, "Anna"), Turn(3, 6, "Ben"), Turn(6, 8, "Anna"), Turn(7, 7.5, "Ben")]
    summarizer.turns = measure_turns(turns)["Anna"]
    return summarizer.result()


def summary_in(name: str) -> str:
    stream = io.StringIO()
    writer = make_writer(name, stream, LABELS, WriterOptions(speakers=True))
    writer.begin(summaries=True)
    writer.write_summary(of_anna())
    writer.end()
    return stream.getvalue()


def test_summaries_say_how_a_speaker_takes_part() -> None:
    (row,) = csv.DictReader(io.StringIO(summary_in("csv")))
    assert row["speaker"] == "Anna"
    assert (row["turns"], row["overlap"], row["interrupted"]) == ("2", "1.500", "1")
    assert row["followed"] == "Ben:1"
    record = json.loads(summary_in("jsonl"))
    assert record["speaker"] == "Anna"
    assert record["summary"]["turns"] == {
        "seconds": 6.0,
        "share": pytest.approx(6 / 9.5, abs=1e-6),
        "turns": 2,
        "turn_share": 0.5,
        "overlap": 1.5,
        "interruptions": 0,
        "interrupted": 1,
        "followed": {"Ben": 1},
    }
    text = summary_in("text")
    assert "talk time 0:06.0 (63%); 2 turns (50%), behind Ben 1" in text
    assert "1.5 s while another speaks; interrupted 1 time" in text
