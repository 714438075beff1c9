"""Outputs of timelines: which format goes where, and what an interruption leaves."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from timelines import LABELS, angry

from ser.cli.console import Console
from ser.cli.outputs import choose_outputs, open_writer, walk_recordings
from ser.errors import ParameterError


def test_what_cannot_be_written_is_wrong_usage() -> None:
    assert [output.format for output in choose_outputs(["a.csv", "b.vtt"], None)] == ["csv", "vtt"]
    with pytest.raises(click.UsageError, match="tells no format"):
        choose_outputs(["a.xyz"], None)
    with pytest.raises((click.UsageError, ParameterError), match="srt"):
        choose_outputs(["a.srt"], None, summaries=True)
    with pytest.raises((click.UsageError, ParameterError), match="srt"):
        choose_outputs(["a.srt"], None, recordings=2)


def test_several_outputs_get_the_same_windows(tmp_path: Path) -> None:
    outputs = choose_outputs([str(tmp_path / "a.jsonl"), str(tmp_path / "a.csv")], None)
    with open_writer(outputs, LABELS, headings=False, top=1) as writer:
        writer.write(angry(0, 3))
    (record,) = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    header, row = (tmp_path / "a.csv").read_text().splitlines()
    assert record["emotion"] == "angry"
    assert row.split(",")[header.split(",").index("emotion")] == "angry"


def test_an_interruption_leaves_a_complete_file(tmp_path: Path) -> None:
    outputs = choose_outputs([str(tmp_path / "a.TextGrid")], None)
    with (
        pytest.raises(KeyboardInterrupt),
        open_writer(outputs, LABELS, headings=False, top=1) as writer,
    ):
        writer.write(angry(0, 3))
        raise KeyboardInterrupt
    assert '"angry' in (tmp_path / "a.TextGrid").read_text()


def test_folders_are_walked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("b.wav", "a.flac", "notes.txt"):
        (tmp_path / "folder" / name).touch()
    console = Console("ser-test")
    inputs = [tmp_path / "folder", Path("-"), tmp_path / "empty", tmp_path / "x.wav"]
    found = [Path(name).name for name in walk_recordings(console, inputs)]
    assert found == ["a.flac", "b.wav", "-", "x.wav"]
    assert console.failures == 1
    assert "empty: holds no audio files" in capsys.readouterr().err
