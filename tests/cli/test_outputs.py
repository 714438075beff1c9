"""Outputs of timelines: which format goes where, and what an interruption leaves."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from timelines import LABELS, angry

from ser.cli.console import Console
from ser.cli.outputs import choose_outputs, open_writer, walk_recordings
from ser.errors import ParameterError, SerError
from ser.timeline.writers.base import PLAIN

CONSOLE = Console("ser-test")


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
    with open_writer(CONSOLE, outputs, LABELS, PLAIN) as writer:
        writer.write(angry(0, 3))
    (record,) = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    header, row = (tmp_path / "a.csv").read_text().splitlines()
    assert record["emotion"] == "angry"
    assert row.split(",")[header.split(",").index("emotion")] == "angry"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SerError("cluster", "is gone")])
def test_what_was_found_before_the_end_is_kept_under_another_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: BaseException
) -> None:
    target = tmp_path / "a.TextGrid"
    target.write_text("old")
    outputs = choose_outputs([str(target), str(tmp_path / "b.csv")], None)
    for name in ("a.partial.TextGrid", "a.partial-2.TextGrid"):
        with (
            pytest.raises(type(error)),
            open_writer(CONSOLE, outputs, LABELS, PLAIN) as writer,
        ):
            writer.write(angry(0, 3))
            raise error
        # It is whole in its format, and says in its name that more was to come.
        assert '"angry' in (tmp_path / name).read_text()
        assert f"what was found until then is in {tmp_path / name}" in capsys.readouterr().err
    assert target.read_text() == "old"
    assert not (tmp_path / "b.csv").exists()
    assert len(list(tmp_path.iterdir())) == 5


def test_nothing_is_kept_of_nothing(tmp_path: Path) -> None:
    outputs = choose_outputs([str(tmp_path / "a.csv")], None)
    with (
        pytest.raises(KeyboardInterrupt),
        open_writer(CONSOLE, outputs, LABELS, PLAIN),
    ):
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_an_older_file_stays_where_nothing_could_be_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "a.csv"
    target.write_text("old")
    console = Console("ser-test")
    outputs = choose_outputs([str(target)], None)
    with open_writer(console, outputs, LABELS, PLAIN):
        console.fail("x.wav: is empty")
    assert target.read_text() == "old"
    assert "a.csv is not written, for nothing could be read" in capsys.readouterr().err
    # Nothing found is a result, too.
    with open_writer(console, outputs, LABELS, PLAIN):
        pass
    assert target.read_text().startswith("file,")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


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
