"""Which recordings a batch has, and what their results are called."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest

from ser.errors import SerError
from ser.inference.jobs import Job, find_jobs
from ser.io.listing import result_name


def recordings(folder: Path, *names: str) -> None:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * number)


def test_folders_are_mirrored(tmp_path: Path) -> None:
    recordings(tmp_path, "a.wav", "a.mp3", "monday/a.wav", "monday/.hidden.wav", "notes.txt")
    jobs = find_jobs([tmp_path])
    assert [job.name for job in jobs] == ["a.mp3", "a.wav", "monday/a.wav"]
    assert jobs[2] == Job(
        str(tmp_path / "monday/a.wav"), str(tmp_path / "monday/a.wav"), "monday/a.wav", 2
    )


def test_a_name_depends_on_how_the_recording_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings(tmp_path, "calls/a.wav", "more/b.wav")
    monkeypatch.chdir(tmp_path)
    assert [job.name for job in find_jobs([Path("calls")])] == ["a.wav"]
    both = find_jobs([Path("calls/a.wav"), Path("./more/b.wav"), Path("calls/../calls/a.wav")])
    assert [job.name for job in both] == ["calls/a.wav", "more/b.wav", "calls/calls/a.wav"]
    assert both[0].source == str(tmp_path / "calls/a.wav")
    assert both[0].file == "calls/a.wav"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../x/a.wav", "x/a.wav"),
        ("/etc/a.wav", "etc/a.wav"),
        ("..", "recording"),
        ("a/../../b.wav", "a/b.wav"),
        ("...wav", "...wav"),
    ],
)
def test_names_stay_inside(given: str, name: str) -> None:
    assert result_name(PurePosixPath(given)) == name


def test_long_names_stay_apart() -> None:
    names = {result_name(PurePosixPath("d", "ä" * 120 + f"{n}.wav")) for n in range(3)}
    assert len(names) == 3
    for name in names:
        assert len(os.fsencode(PurePosixPath(name).name)) <= 200
        assert name.endswith(".wav")


def test_two_recordings_with_one_result(tmp_path: Path) -> None:
    recordings(tmp_path, "x/a.wav", "y/a.wav")
    with pytest.raises(SerError, match=r"x/a\.wav and .*y/a\.wav: would both have the result"):
        find_jobs([tmp_path / "x", tmp_path / "y"])
    assert len(find_jobs([tmp_path / "x", tmp_path / "y"], named=False)) == 2
    # The same one twice is no quarrel.
    assert len(find_jobs([tmp_path / "x", tmp_path / "x"])) == 1


def test_what_has_no_name_or_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="has no name that a result could have"):
        find_jobs([Path("-")])
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SerError, match="save the recording to a file first"):
        find_jobs([tmp_path / "pipe"])
    (tmp_path / "empty").mkdir()
    errors: list[SerError] = []
    jobs = find_jobs([tmp_path / "empty", Path("missing.wav"), Path("memory:/void")], errors.append)
    assert [job.name for job in jobs] == ["missing.wav"]
    assert [error.cause for error in errors] == ["holds no audio files", "does not exist"]
