"""Targets, their endings and their formats."""

from __future__ import annotations

import io
import shutil
import subprocess

import pytest
from timelines import LABELS, OVERLAPPING, written

from ser.errors import SerError
from ser.timeline.summary import Summariser
from ser.timeline.writers.base import Tee
from ser.timeline.writers.registry import (
    ENDINGS,
    FORMATS,
    Output,
    check_outputs,
    claimed,
    make_writer,
    outputs,
)


def test_every_format_has_an_ending_that_tells_it() -> None:
    assert set(ENDINGS) == set(FORMATS)
    for name, ending in ENDINGS.items():
        assert outputs([f"out/talk{ending}"]) == [(f"out/talk{ending}", name)]
        assert outputs([f"TALK{ending.upper()}"]) == [(f"TALK{ending.upper()}", name)]


def test_braces_at_the_end_are_expanded() -> None:
    assert outputs(["out/a b.{jsonl,vtt,labels,audacity.txt}"]) == [
        Output("out/a b.jsonl", "jsonl"),
        Output("out/a b.vtt", "vtt"),
        Output("out/a b.labels", "audacity"),
        Output("out/a b.audacity.txt", "audacity"),
    ]
    assert outputs(["talk{.txt,-2.eaf}"]) == [("talk.txt", "text"), ("talk-2.eaf", "eaf")]


@pytest.mark.parametrize("path", ["{a,b}/c.vtt", "c{1,2}.vtt", "c{1}.vtt", "{}.vtt", "a,b.vtt"])
def test_other_braces_are_part_of_a_name(path: str) -> None:
    assert outputs([path]) == [(path, "vtt")]


def test_an_explicit_format_wins_for_one_target() -> None:
    assert outputs(["talk.log"], "srt") == [("talk.log", "srt")]
    assert outputs(["talk.vtt"], "srt") == [("talk.vtt", "srt")]
    assert outputs(["-"], "srt") == [("-", "srt")]
    assert outputs(["-", "talk.vtt"], "jsonl") == [("-", "jsonl"), ("talk.vtt", "vtt")]
    with pytest.raises(SerError, match="does not go with several outputs"):
        outputs(["talk.{jsonl,vtt}"], "srt")


@pytest.mark.parametrize("path", ["-", "/dev/stdout", "talk", "out.d/talk", ".vtt"])
def test_without_an_ending_it_is_text(path: str) -> None:
    assert outputs([path]) == [(path, "text")]


def test_an_unknown_ending_names_the_known() -> None:
    with pytest.raises(SerError, match=r"talk\.xml: ends in \.xml.*\.TextGrid"):
        outputs(["talk.{vtt,xml}"])


def test_a_target_is_written_once() -> None:
    with pytest.raises(SerError, match="written twice"):
        outputs(["talk.vtt", "./talk.{vtt,srt}"])


def test_what_a_shell_made_of_braces_is_understood() -> None:
    assert claimed(["talk.jsonl"], ["talk.vtt", "talk.audacity.txt", "talk.wav", "b.vtt"]) == (
        ["talk.jsonl", "talk.vtt", "talk.audacity.txt"],
        ["talk.wav", "b.vtt"],
    )
    assert claimed(["-"], ["talk.vtt"]) == (["-"], ["talk.vtt"])
    assert claimed([], ["talk.vtt"]) == ([], ["talk.vtt"])
    assert claimed(["talk"], ["talk.vtt"]) == (["talk"], ["talk.vtt"])


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_does_make_that_of_braces() -> None:
    words = subprocess.run(
        ["bash", "-c", "printf '%s\n' -o talk.{jsonl,vtt} talk.wav"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert words[0] == "-o"
    assert claimed(words[1:2], words[2:]) == (["talk.jsonl", "talk.vtt"], ["talk.wav"])


def test_formats_are_checked_before_any_work() -> None:
    many = outputs(["all.{jsonl,rttm}"])
    check_outputs(many, recordings=5, summaries=False)
    check_outputs(outputs(["a.{jsonl,vtt}"]), recordings=1, summaries=False)
    with pytest.raises(SerError, match=r"all\.vtt: vtt holds one recording, and here are 5"):
        check_outputs(outputs(["all.{jsonl,vtt}"]), recordings=5, summaries=False)
    with pytest.raises(SerError, match="--format eaf: eaf cannot hold summaries; use one of text"):
        check_outputs([Output("-", "eaf")], recordings=1, summaries=True)


def test_a_tee_writes_what_each_writer_alone_would() -> None:
    streams = {name: io.StringIO() for name in FORMATS}
    tee = Tee([make_writer(name, stream, LABELS) for name, stream in streams.items()])
    tee.begin()
    for window in OVERLAPPING:
        tee.write(window)
    tee.end()
    for name, stream in streams.items():
        assert stream.getvalue() == written(name, *OVERLAPPING)


def test_a_tee_of_summaries() -> None:
    streams = [io.StringIO(), io.StringIO()]
    tee = Tee([make_writer(n, s, LABELS) for n, s in zip(("csv", "text"), streams, strict=True)])
    tee.begin(summaries=True)
    tee.write_summary(Summariser("a.wav", LABELS).result())
    tee.end()
    assert all("a.wav" in stream.getvalue() for stream in streams)
