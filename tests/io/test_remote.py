"""Folders of this machine and URLs: both hold whole results or none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from ser.errors import AudioError, DependencyError, SerError
from ser.io.remote import OutputFolder, exists, fetch, find_audio, is_url, url_or_path


@pytest.fixture(params=["path", "file", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OutputFolder]:
    """A folder, the same behind a URL, and a store of objects."""
    path = tmp_path / "out"
    yield OutputFolder(
        {"path": str(path), "file": path.as_uri(), "memory": "memory://bucket/out"}[request.param]
    )
    memory = fsspec.filesystem("memory")
    if memory.exists("/bucket"):
        memory.rm("/bucket", recursive=True)


def everything(folder: OutputFolder) -> dict[str, bytes]:
    system, root = fsspec.core.url_to_fs(folder.location)
    return {name[len(root) :].lstrip("/"): system.cat_file(name) for name in system.find(root)}


def test_results_are_whole_or_absent(folder: OutputFolder) -> None:
    folder.check()
    with folder.new_file("monday/a.wav.jsonl") as path:
        path.write_text("one")
    with pytest.raises(KeyError), folder.new_file("monday/b.wav.jsonl") as path:
        path.write_text("half")
        raise KeyError
    assert everything(folder) == {"monday/a.wav.jsonl": b"one"}
    with folder.new_file("monday/a.wav.jsonl") as path:
        path.write_text("two")
    assert everything(folder) == {"monday/a.wav.jsonl": b"two"}


def test_what_is_there(folder: OutputFolder) -> None:
    names = ["a.jsonl", "x/b.jsonl", "x/c.jsonl"]
    assert folder.existing(names) == set()
    for name in names[:2]:
        with folder.new_file(name) as path:
            path.write_text("")
    assert folder.existing([*names, "d.jsonl"]) == {"a.jsonl", "x/b.jsonl"}


def test_names_that_are_not_utf8(folder: OutputFolder) -> None:
    name = b"caf\xe9.wav.txt".decode("utf-8", "surrogateescape")
    with folder.new_file(name) as path:
        path.write_text("x")
    assert list(everything(folder).values()) == [b"x"]


def test_what_killed_processes_leave(tmp_path: Path) -> None:
    folder = OutputFolder(str(tmp_path))
    # As after SIGKILL: nothing cleans up.
    begun = [folder.new_file("x/a.jsonl", token) for token in ("mine", "yours")]
    for writing in begun:
        writing.__enter__()
    assert len(list((tmp_path / "x").iterdir())) == 2
    folder.remove_leftovers(["x/a.jsonl"], "mine")
    (left,) = (tmp_path / "x").iterdir()
    assert "yours" in left.name


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SerError, match="cannot be made"):
        OutputFolder(str(tmp_path / "file")).check()
    url = (tmp_path / "file" / "deeper").as_uri()
    with (
        pytest.raises(SerError, match="cannot be written"),
        OutputFolder(url).new_file("a") as path,
    ):
        path.write_text("x")


def test_recordings_behind_urls(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    for name in ("b.wav", "a/c.mp3", "a/.hidden.wav", "notes.txt"):
        memory.pipe_file(f"/calls/{name}", name.encode())
    try:
        found = find_audio("memory://calls")
        assert [(f.url, f.name, f.size) for f in found] == [
            ("memory://calls/a/c.mp3", "a/c.mp3", 7),
            ("memory://calls/b.wav", "b.wav", 5),
        ]
        (one,) = find_audio("memory://calls/b.wav")
        assert (one.url, one.name) == ("memory://calls/b.wav", "b.wav")
        names = ("b.wav", "c.wav", "a")
        assert [exists(f"memory://calls/{name}") for name in names] == [True, False, False]
        with fetch("memory://calls/a/c.mp3") as path:
            assert Path(path).read_bytes() == b"a/c.mp3"
            assert path.endswith(".mp3")
        assert not Path(path).exists()
        with pytest.raises(AudioError, match=r"memory://calls/d\.wav: cannot be read"):
            fetch("memory://calls/d.wav").__enter__()
        with pytest.raises(SerError, match="does not exist"):
            find_audio("memory://nowhere")
    finally:
        memory.rm("/calls", recursive=True)
    with fetch(str(tmp_path)) as path:
        assert path == str(tmp_path)


def test_what_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SerError, match="nonsense://x: cannot be reached"):
        OutputFolder("nonsense://x").check()
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(DependencyError, match=r"pip install '.\[cluster\]'"):
        OutputFolder("s3://bucket").check()


# URLs and paths are told apart, and come back as they were given.


def test_urls_come_back_from_paths() -> None:
    for url in ("s3://bucket/a.wav", "memory://x/y", "file:///tmp/a", "sftp://host:22/a"):
        assert url_or_path(Path(url)) == url
        assert is_url(url)
    for path in ("a/b.wav", "/a//b", "c:x", "C:/music/a.wav"):
        assert url_or_path(Path(path)) == str(Path(path))
        assert not is_url(path)
