"""Manifests: what they may look like, and what is said about bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from speech import write_corpus

from ser.corpora.base import Clip
from ser.corpora.manifest import read_manifest
from ser.corpora.registry import find_clips
from ser.errors import CorpusError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "audio").mkdir()
    for name in ("a", "b", "c d"):
        (tmp_path / "audio" / f"{name}.wav").touch()
    return tmp_path


def manifest(folder: Path, text: str, name: str = "clips.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_reads_every_column(folder: Path) -> None:
    path = manifest(
        folder,
        "path,emotion,speaker,corpus,text,intensity,gender,start,duration\n"
        "audio/a.wav,Anger,s1,mine,hello,strong,F,1.5,2\n"
        "audio/b.wav,,,,,,,,\n",
    )
    assert read_manifest(path).clips == (
        Clip(folder / "audio/a.wav", "angry", "s1", "mine", "hello", "strong", "female", 1.5, 2.0),
        Clip(folder / "audio/b.wav", corpus="manifest"),
    )


@pytest.mark.parametrize(
    "text",
    [
        "path\temotion\naudio/c d.wav\tjoy\n",
        "path;emotion\naudio/c d.wav;joy\n",
        "Emotion, Path\njoy, audio/c d.wav\n",
        '\ufeff"path","emotion"\r\n"audio/c d.wav","joy"\r\n\r\n',
        "path,emotion\n./audio/../audio/c d.wav,joy",
    ],
)
@pytest.mark.parametrize("name", ["m.csv", "m.tsv"])
def test_reads_what_programs_write(folder: Path, text: str, name: str) -> None:
    found = read_manifest(manifest(folder, text, name))
    assert found.errors == ()
    (clip,) = found.clips
    assert clip.path.samefile(folder / "audio/c d.wav")
    assert clip.emotion == "happy"


def test_absolute_paths_and_own_emotions(folder: Path) -> None:
    (clip,) = read_manifest(
        manifest(folder, f"path,emotion\n{folder / 'audio' / 'a.wav'},Stressed\n")
    ).clips
    assert clip.path == folder / "audio/a.wav"
    assert clip.emotion == "stressed"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("audio/none.wav,sad,1,2", "which does not exist"),
        ("audio,sad,1,2", "which is a folder"),
        (",sad,1,2", "has no path"),
        ("audio/b.wav,sad,soon,2", "start 'soon'"),
        ("audio/b.wav,sad,-1,2", "start '-1'"),
        ("audio/b.wav,sad,1,nan", "duration 'nan'"),
        ("audio/b.wav,sad,1e300,2", "start '1e300'"),
        ("audio/b.wav,sad,1,1e300", "duration '1e300'"),
        ("audio/b.wav,sad,1,0", "duration of 0"),
        ("audio/b.wav,sad,1,2,3", "5 values for 4 columns"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_spoils_no_other(
    folder: Path, row: str, said: str
) -> None:
    path = manifest(
        folder, f"path,emotion,start,duration\naudio/a.wav,sad,0,1\n\n{row}\naudio/b.wav,sad,0,1\n"
    )
    found = find_clips([path])
    assert [clip.path.name for clip in found.clips] == ["a.wav", "b.wav"]
    (error,) = found.missing
    assert str(error).startswith(f"{path}, line 4: ")
    assert said in str(error)
    assert isinstance(error, CorpusError)
    assert error.cure


def test_urls(folder: Path) -> None:
    (clip,) = read_manifest(manifest(folder, "path,emotion\ns3://calls/a.wav,sad\n")).clips
    assert (clip.name, clip.emotion) == ("s3://calls/a.wav", "sad")


def test_gender_is_checked(folder: Path) -> None:
    found = read_manifest(manifest(folder, "path,gender\naudio/a.wav,x\naudio/b.wav,Male\n"))
    assert [clip.gender for clip in found.clips] == ["male"]
    assert "line 2" in str(found.errors[0])


def test_unknown_columns_are_ignored_with_a_note(folder: Path) -> None:
    path = manifest(folder, "path,emotion,age,mood\naudio/a.wav,sad,3,x\n")
    found = find_clips([path])
    assert len(found.clips) == 1
    assert found.notes == (f"{path}: ignored columns age, mood",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column 'path'"),
        ("name,label\naudio/a.wav,sad\n", "it has name, label"),
        ("path,path\na,b\n", "twice"),
    ],
)
def test_a_bad_first_line_is_refused(folder: Path, text: str, said: str) -> None:
    path = manifest(folder, text)
    with pytest.raises(CorpusError, match=said):
        read_manifest(path)
    found = find_clips([path])
    assert found.clips == ()
    assert said in str(found.missing[0])


def test_what_is_not_text_is_refused(folder: Path) -> None:
    path = folder / "x.csv"
    path.write_bytes(b"RIFF\xff\xff\xff\xffWAVE")
    with pytest.raises(CorpusError, match="not UTF-8"):
        read_manifest(path)
    path.write_bytes(b"path\x00,emotion\naudio/a.wav,sad\n")
    with pytest.raises(CorpusError):
        read_manifest(path)


def test_a_missing_quotation_mark_is_named(folder: Path) -> None:
    path = manifest(folder, 'path,emotion\naudio/a.wav,sad\n"audio/b.wav,sad\n')
    found = read_manifest(path)
    assert [clip.path.name for clip in found.clips] == ["a.wav"]
    assert "line 3" in str(found.errors[0])


def test_a_folder_is_no_manifest(folder: Path) -> None:
    found = find_clips([folder], "manifest")
    assert "is a folder" in str(found.missing[0])


def test_any_extension_when_the_user_says_so(folder: Path) -> None:
    path = manifest(folder, "path,emotion\naudio/a.wav,sad\n", "list.txt")
    assert [clip.emotion for clip in find_clips([path], "manifest").clips] == ["sad"]


def test_parts_of_one_file_are_several_clips(folder: Path) -> None:
    path = manifest(
        folder, "path,start,duration,emotion\naudio/a.wav,3,2,sad\naudio/a.wav,0,2,joy\n"
    )
    clips = find_clips([path]).clips
    assert [(clip.start, clip.emotion) for clip in clips] == [(0.0, "happy"), (3.0, "sad")]
    bare = find_clips([path], "none").clips
    assert [(clip.start, clip.emotion) for clip in bare] == [(0.0, ""), (3.0, "")]


def test_the_synthetic_one(tmp_path: Path) -> None:
    written = write_corpus("manifest", tmp_path, seconds=0.2)
    found = find_clips([tmp_path / "clips.csv"])
    assert [clip.path for clip in found.clips] == written
    assert {(clip.speaker, clip.gender) for clip in found.clips} == {
        ("s1", "male"),
        ("s2", "female"),
    }


def test_tables_of_audformat(folder: Path) -> None:
    path = manifest(
        folder,
        "file,start,end,emotion,emotion.agreement\n"
        "audio/a.wav,0 days 00:00:01.500000,0 days 00:00:03.250000,anger,0.9\n"
        "audio/b.wav,0 days,NaT,happiness,0.8\n",
        "db.emotion.csv",
    )
    found = read_manifest(path)
    assert found.clips == (
        Clip(folder / "audio/a.wav", "angry", corpus="manifest", start=1.5, duration=1.75),
        Clip(folder / "audio/b.wav", "happy", corpus="manifest"),
    )
    assert found.notes == (f"{path}: ignored column emotion.agreement",)


def test_an_end_is_another_way_to_say_a_duration(folder: Path) -> None:
    path = manifest(folder, "path,start,end\naudio/a.wav,1,3\naudio/b.wav,3,2\naudio/a.wav,,1.5\n")
    found = read_manifest(path)
    assert [(clip.start, clip.duration) for clip in found.clips] == [(1.0, 2.0), (0.0, 1.5)]
    assert "line 3: ends before it begins" in str(found.errors[0])
