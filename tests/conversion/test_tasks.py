"""What results are called: by rules, safely, and each by its own name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ser.conversion.tasks import SourceRecording, find_recordings
from ser.conversion.tasks import name_results as named
from ser.errors import SerError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("a.wav", "sub/a.wav", "sub/b.flac", "b.c.wav", "notes.txt"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*inputs: str, emotions: tuple[str, ...] = ("sad",), suffix: str = ".wav") -> list[str]:
    problems: list[SerError] = []
    found = find_recordings([Path(path) for path in inputs], problems.append)
    assert problems == []
    tasks = named(found, emotions, Path("out"), suffix)
    assert all(Path("out") in task.target.parents for task in tasks)
    return [task.target.relative_to("out").as_posix() for task in tasks]


def test_folders_are_mirrored_and_files_are_called_by_themselves(folder: Path) -> None:
    assert names("in") == ["a.sad.wav", "b.c.sad.wav", "sub/a.sad.wav", "sub/b.sad.wav"]
    assert names("in/sub/b.flac", emotions=("sad", "angry"), suffix=".flac") == [
        "b.sad.flac",
        "b.angry.flac",
    ]
    assert names(str(folder / "in" / "a.wav")) == ["a.sad.wav"]
    assert names("in/../in/a.wav", "in/a.wav") == ["a.sad.wav"]


def test_recordings_that_differ_in_their_endings(folder: Path) -> None:
    (folder / "in/a.mp3").write_bytes(b"x")
    assert names("in/a.wav", "in/a.mp3", "in/b.c.wav") == [
        "a.wav.sad.wav",
        "a.mp3.sad.wav",
        "b.c.sad.wav",
    ]


def test_recordings_of_one_name_are_refused(folder: Path) -> None:
    with pytest.raises(SerError, match=r"would both have the result a\.wav"):
        names("in/a.wav", "in/sub/a.wav")


def test_names_that_lead_elsewhere_do_not(folder: Path) -> None:
    odd = [SourceRecording("x", Path("x"), "x.wav")]
    (task,) = named(odd, ["../../etc/pass wd"], Path("out"), ".wav")
    assert task.target == Path("out/x.______etc_pass_wd.wav")
    long = folder / "in" / ("ü" * 120 + ".wav")
    long.write_bytes(b"x")
    (name,) = names(str(long), emotions=("surprised",), suffix=".flac")
    assert len(os.fsencode(name)) < 240
    (folder / "out").mkdir()
    (folder / "out" / name).touch()


def test_an_empty_folder_is_a_failed_input(folder: Path) -> None:
    (folder / "empty").mkdir()
    problems: list[SerError] = []
    found = find_recordings([Path("empty"), Path("in/a.wav"), Path("in")], problems.append)
    assert [str(problem) for problem in problems] == [
        "empty: holds no audio files; name audio files or a folder"
    ]
    assert len(found) == 4
