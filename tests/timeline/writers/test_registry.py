"""Targets, their endings and their formats."""

from __future__ import annotations

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from timelines import LABELS, OVERLAPPING, angry, silence, spoken, written

from ser.errors import SerError
from ser.timeline.summary import Summarizer
from ser.timeline.writers.registry import (
    ENDINGS,
    FORMATS,
    Output,
    check_outputs,
    make_writer,
    resolve_outputs,
    separate_outputs,
    write_timeline,
)


def test_every_format_has_an_ending_that_tells_it() -> None:
    assert set(ENDINGS) == set(FORMATS)
    for name, ending in ENDINGS.items():
        assert resolve_outputs([f"out/talk{ending}"]) == [(f"out/talk{ending}", name)]
        assert resolve_outputs([f"TALK{ending.upper()}"]) == [(f"TALK{ending.upper()}", name)]


def test_braces_at_the_end_are_expanded() -> None:
    assert resolve_outputs(["out/a b.{jsonl,vtt,labels,audacity.txt}"]) == [
        Output("out/a b.jsonl", "jsonl"),
        Output("out/a b.vtt", "vtt"),
        Output("out/a b.labels", "audacity"),
        Output("out/a b.audacity.txt", "audacity"),
    ]
    assert resolve_outputs(["talk{.txt,-2.eaf}"]) == [("talk.txt", "text"), ("talk-2.eaf", "eaf")]


@pytest.mark.parametrize("path", ["{a,b}/c.vtt", "c{1,2}.vtt", "c{1}.vtt", "{}.vtt", "a,b.vtt"])
def test_other_braces_are_part_of_a_name(path: str) -> None:
    assert resolve_outputs([path]) == [(path, "vtt")]


def test_an_explicit_format_wins_for_one_target() -> None:
    assert resolve_outputs(["talk.log"], "srt") == [("talk.log", "srt")]
    assert resolve_outputs(["talk.vtt"], "srt") == [("talk.vtt", "srt")]
    assert resolve_outputs(["-"], "srt") == [("-", "srt")]
    assert resolve_outputs(["-", "talk.vtt"], "jsonl") == [("-", "jsonl"), ("talk.vtt", "vtt")]
    with pytest.raises(SerError, match="does not go with several outputs"):
        resolve_outputs(["talk.{jsonl,vtt}"], "srt")


@pytest.mark.parametrize("path", ["-", "/dev/stdout", "talk", "out.d/talk", ".vtt"])
def test_without_an_ending_it_is_text(path: str) -> None:
    assert resolve_outputs([path]) == [(path, "text")]


def test_an_unknown_ending_names_the_known() -> None:
    with pytest.raises(SerError, match=r"talk\.xml: ends in \.xml.*\.TextGrid"):
        resolve_outputs(["talk.{vtt,xml}"])


def test_a_target_is_written_once() -> None:
    with pytest.raises(SerError, match="written twice"):
        resolve_outputs(["talk.vtt", "./talk.{vtt,srt}"])


def test_what_a_shell_made_of_braces_is_understood() -> None:
    assert separate_outputs(
        ["talk.jsonl"], ["talk.vtt", "talk.audacity.txt", "talk.wav", "b.vtt"]
    ) == (
        ["talk.jsonl", "talk.vtt", "talk.audacity.txt"],
        ["talk.wav", "b.vtt"],
    )
    assert separate_outputs(["-"], ["talk.vtt"]) == (["-"], ["talk.vtt"])
    assert separate_outputs([], ["talk.vtt"]) == ([], ["talk.vtt"])
    assert separate_outputs(["talk"], ["talk.vtt"]) == (["talk"], ["talk.vtt"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_does_make_that_of_braces() -> None:
    words = subprocess.run(
        ["bash", "-c", "printf '%s\n' -o talk.{jsonl,vtt} talk.wav"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert words[0] == "-o"
    assert separate_outputs(words[1:2], words[2:]) == (["talk.jsonl", "talk.vtt"], ["talk.wav"])


def test_formats_are_checked_before_any_work() -> None:
    many = resolve_outputs(["all.{jsonl,rttm}"])
    check_outputs(many, recordings=5, summaries=False)
    check_outputs(resolve_outputs(["a.{jsonl,vtt}"]), recordings=1, summaries=False)
    with pytest.raises(SerError, match=r"all\.vtt: vtt holds one recording, and here are 5"):
        check_outputs(resolve_outputs(["all.{jsonl,vtt}"]), recordings=5, summaries=False)
    with pytest.raises(SerError, match="format=eaf: cannot hold summaries; use one of text"):
        check_outputs([Output("-", "eaf")], recordings=1, summaries=True)


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.summaries])
def test_summary_of_a_recording_without_windows(name: str) -> None:
    stream = io.StringIO()
    writer = make_writer(name, stream, LABELS)
    writer.begin(summaries=True)
    writer.write_summary(Summarizer("empty.wav", LABELS).result())
    assert "empty.wav" in stream.getvalue()


def test_an_unknown_format_names_the_known() -> None:
    with pytest.raises(SerError, match="text, jsonl, tsv, csv"):
        make_writer("xml", io.StringIO(), LABELS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_timeline_is_written_by_the_ending_of_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"talk{ENDINGS[name]}"
    write_timeline(path, OVERLAPPING)
    assert path.read_bytes().decode() == written(name, *OVERLAPPING)


def test_a_timeline_is_written_by_the_name_of_its_format(tmp_path: Path) -> None:
    path, stream = tmp_path / "talk", io.StringIO()
    write_timeline(str(path), iter(OVERLAPPING), "srt")
    write_timeline(stream, OVERLAPPING, "srt")
    assert path.read_text(encoding="utf-8") == stream.getvalue() == written("srt", *OVERLAPPING)
    write_timeline(path, [angry(0, 3)])
    assert path.read_text(encoding="utf-8") == written("text", angry(0, 3))


def test_columns_have_the_labels_of_the_windows_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "talk.csv"
    write_timeline(path, [silence(0, 3), spoken(3, 6)])
    header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert header[5:8] == list(LABELS)
    assert {"text", "words_happy", "fused_angry"} <= set(header)
    write_timeline(path, [silence(0, 3)], labels=("calm",))
    assert path.read_text(encoding="utf-8").splitlines()[0].endswith("confidence,calm")


def test_a_timeline_that_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "talk.vtt"
    path.write_text("old")
    two = [angry(0, 3), angry(3, 6, file="b.wav")]
    with pytest.raises(SerError, match="does not fit into one file"):
        write_timeline(path, two)
    with pytest.raises(SerError, match="format=xml: is unknown"):
        write_timeline(path, two, "xml")
    with pytest.raises(SerError, match="tells no format"):
        write_timeline(tmp_path / "talk.xml", two)
    with pytest.raises(SerError, match="cannot be written"):
        write_timeline(path / "inside.vtt", two)
    assert [file.name for file in tmp_path.iterdir()] == ["talk.vtt"]
    assert path.read_text() == "old"
