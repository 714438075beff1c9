"""The walk over folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.errors import CorpusError
from ser.io.listing import PassedOver, is_audio, walk

READ = """
    a.wav a.WAV a.flac a.ogg a.oga a.opus a.mp3 a.m4a a.aac a.mp4 a.m4v a.mov a.mkv a.webm a.aiff
    a.aif a.aifc a.au a.caf a.w64 a.rf64 a.wma a.amr a.3gp a.ac3 a.b.wav
"""


@pytest.mark.parametrize("name", READ.split())
def test_audio_by_extension(name: str) -> None:
    assert is_audio(Path("folder", name))


@pytest.mark.parametrize("name", ["a.txt", "wav", "a.npy", "a.wav.txt", "a.keras", "a.csv", ".wav"])
def test_not_audio(name: str) -> None:
    assert not is_audio(Path("folder", name))


def test_walk_is_sorted_and_skips_what_is_hidden(tmp_path: Path) -> None:
    names = ["b.wav", "a.flac", "sub/c.mp3", "sub/deep/d.ogg", "other/e.wav"]
    for name in [*names, ".f.wav", ".sub/g.wav", "h.txt", "__MACOSX/._i.wav", "__MACOSX/j.wav"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert [path.relative_to(tmp_path).as_posix() for path in walk(tmp_path)] == [
        "a.flac", "b.wav", "other/e.wav", "sub/c.mp3", "sub/deep/d.ogg",
    ]  # fmt: skip


def test_a_folder_that_is_hidden_itself_may_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "a.wav").touch()
    assert [path.name for path in walk(tmp_path / ".cache")] == ["a.wav"]


def test_what_cannot_be_read_raises_or_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="cannot be read"):
        list(walk(tmp_path / "nowhere"))
    told: list[Exception] = []
    assert list(walk(tmp_path / "nowhere", told.append)) == []
    assert len(told) == 1


def test_what_is_passed_over_is_counted(tmp_path: Path) -> None:
    for name in ("a.WAV", "b.qta", "c.amr-nb", "d.txt", "e.TXT", "f", ".hidden.txt", "g.pdf"):
        (tmp_path / name).touch()
    others = PassedOver()
    assert others.remark() is None
    found = [path.name for path in walk(tmp_path, on_other=others.add)]
    assert found == ["a.WAV", "b.qta", "c.amr-nb"]
    assert others.remark() == (
        "4 files passed over that are no recordings by their endings (.txt 2, no ending 1, .pdf 1)"
    )
