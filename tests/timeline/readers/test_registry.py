"""Which turns belong to a recording."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from annotations import TURNS, write_csv, write_rttm, write_textgrid

from ser.errors import ParameterError, SerError
from ser.timeline.readers.registry import TurnFile
from ser.timeline.turn import Turn

WANTED = [Turn(*turn) for turn in TURNS]


def test_by_name(tmp_path: Path) -> None:
    file = TurnFile(str(write_rttm(tmp_path / "all.rttm", "my_talk")))
    assert file.turns("calls/my talk.wav") == WANTED
    assert file.turns("my_talk.mp3") == WANTED
    with pytest.raises(SerError, match=r"has no segments of other\.wav"):
        file.turns("other.wav")


def test_a_place_counts_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.csv").write_text("path,start,end\na/x.wav,0,1\nb/x.wav,2,3\n")
    for folder in ("a", "b"):
        Path(folder).mkdir()
        Path(folder, "x.wav").touch()
    file = TurnFile("list.csv")
    assert file.turns("a/x.wav") == [Turn(0, 1)]
    assert file.turns(str(tmp_path / "b" / "x.wav")) == [Turn(2, 3)]
    # From another place both may be meant.
    assert file.turns("c/x.wav") == [Turn(0, 1), Turn(2, 3)]


def test_a_folder_has_a_file_for_each(tmp_path: Path) -> None:
    write_textgrid(tmp_path / "talk.TextGrid")
    file = TurnFile(str(tmp_path))
    assert file.turns("deep/talk.wav") == WANTED
    assert file.file_for("talk.flac") == tmp_path / "talk.TextGrid"
    with pytest.raises(SerError, match="no file of segments for it"):
        file.turns("other.wav")
    write_rttm(tmp_path / "talk.rttm")
    with pytest.raises(SerError, match="several files of segments"):
        file.turns("talk.wav")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="does not exist"):
        TurnFile(str(tmp_path / "none.rttm"))
    with pytest.raises(ParameterError, match="has no tiers"):
        TurnFile(str(write_rttm(tmp_path / "a.rttm")), ("Anna",))
    other = shutil.copy(write_csv(tmp_path / "a.csv"), tmp_path / "a.json")
    with pytest.raises(SerError, match="no ending of a file of segments"):
        TurnFile(str(other)).turns("talk.wav")


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("path,start,end\ntalk.wav,0,1\n")
    file = TurnFile(str(path))
    assert file.turns("talk.wav") == [Turn(0, 1)]
    write_csv(path)
    assert file.turns("talk.wav") == WANTED
