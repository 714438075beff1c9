"""The search for clips: mixed trees, named corpora, stray files, and inputs that are not there."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from corpus_names import GOOD, touch
from speech import write_corpus

from ser.corpora.registry import CHOICES, CORPORA, find_clips
from ser.errors import CorpusError
from ser.labels import COMMON, SPECIFIC

KINDS = ["ravdess", "crema_d", "tess", "tess-flat", "emodb", "savee", "nemo", "folders"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", ["auto", "named"])
def test_synthetic_corpora_are_read_whole(kind: str, asked: str, tmp_path: Path) -> None:
    written = write_corpus(kind, tmp_path, speakers=2, takes=1, seconds=0.2)
    name = kind.removesuffix("-flat")
    found = find_clips([tmp_path], "auto" if asked == "auto" else name)
    assert [clip.path for clip in found.clips] == written
    assert {clip.corpus for clip in found.clips} == {name}
    assert found.skipped == ()
    assert found.missing == ()
    per_emotion = Counter(clip.emotion for clip in found.clips)
    assert set(per_emotion.values()) == {2}
    if name != "folders":
        assert len({clip.speaker for clip in found.clips}) == 2


def test_a_mixed_tree_is_sorted_out_by_file(tmp_path: Path) -> None:
    for kind in KINDS:
        write_corpus(kind, tmp_path / kind, speakers=1, emotions=["angry", "sad"], seconds=0.2)
    found = find_clips([tmp_path])
    assert Counter(clip.corpus for clip in found.clips) == {
        "ravdess": 2, "crema_d": 2, "tess": 4, "emodb": 2, "savee": 2, "nemo": 2, "folders": 2,
    }  # fmt: skip
    assert {clip.emotion for clip in found.clips} == {"angry", "sad"}
    paths = [clip.path for clip in found.clips]
    assert paths == sorted(paths)


def test_strangers_in_a_corpus_are_reported_and_left_out(tmp_path: Path) -> None:
    good = touch(tmp_path, "Actor_01/03-01-05-01-01-01-01.wav")
    stray = touch(tmp_path, "Actor_01/03-01-99-01-01-01-01.wav", "notes.mp3")
    touch(tmp_path, "README.txt", "Actor_01/.hidden.wav", ".git/03-01-05-01-01-01-01.wav",
          "__MACOSX/03-01-05-01-01-01-01.wav")  # fmt: skip
    found = find_clips([tmp_path])
    assert [clip.path for clip in found.clips] == good
    assert found.skipped == tuple(sorted(stray))
    assert found.missing == ()


def test_a_folder_without_any_known_name_is_recordings(tmp_path: Path) -> None:
    calls = touch(tmp_path, "a.wav", "b/c.M4A", "d.webm")
    found = find_clips([tmp_path])
    assert [clip.path for clip in found.clips] == calls
    assert {(clip.emotion, clip.corpus, clip.speaker) for clip in found.clips} == {("", "", "")}
    assert found.skipped == ()


def test_each_folder_is_judged_by_itself(tmp_path: Path) -> None:
    touch(tmp_path, "ravdess/03-01-05-01-01-01-01.wav", "ravdess/odd.wav", "calls/call.wav")
    found = find_clips([tmp_path / "ravdess", tmp_path / "calls"])
    assert [clip.path.name for clip in found.clips] == ["call.wav", "03-01-05-01-01-01-01.wav"]
    assert [path.name for path in found.skipped] == ["odd.wav"]


def test_a_file_by_itself_is_taken_whatever_its_name(tmp_path: Path) -> None:
    song, odd = touch(tmp_path, "03-02-05-01-01-01-01.wav", "recording.xyz")
    found = find_clips([song, odd])
    assert {clip.path: clip.emotion for clip in found.clips} == {song: "angry", odd: ""}


def test_a_named_corpus_takes_its_own_only(tmp_path: Path) -> None:
    own, other, odd = touch(
        tmp_path, "03-01-05-01-01-01-01.wav", "1001_DFA_ANG_XX.wav", "recording.wav"
    )
    for inputs in ([tmp_path], [own, other, odd]):
        found = find_clips(inputs, "ravdess")
        assert [clip.path for clip in found.clips] == [own]
        assert found.skipped == (other, odd)


def test_none_labels_nothing(tmp_path: Path) -> None:
    paths = touch(tmp_path, "03-01-05-01-01-01-01.wav", "angry/x.wav")
    found = find_clips([tmp_path], "none")
    assert [clip.path for clip in found.clips] == paths
    assert {(clip.emotion, clip.corpus) for clip in found.clips} == {("", "")}


def test_channels_of_ravdess(tmp_path: Path) -> None:
    write_corpus("ravdess", tmp_path / "a", speakers=1, emotions=["angry"], seconds=0.2)
    write_corpus("ravdess-song", tmp_path / "b", speakers=1, emotions=["angry"], seconds=0.2)
    touch(tmp_path, "c/1001_DFA_ANG_XX.wav")
    count = {
        channel: (len(found.clips), found.channel_skipped)
        for channel in ("both", "speech", "song")
        for found in [find_clips([tmp_path], channel=channel)]
    }
    # What other corpora hold is speech.
    assert count == {"both": (3, 0), "speech": (2, 1), "song": (1, 2)}
    unlabelled = touch(tmp_path, "d/call.wav")
    assert len(find_clips(unlabelled, channel="song").clips) == 1


def test_a_file_given_twice_is_one_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = touch(tmp_path, "03-01-05-01-01-01-01.wav")
    monkeypatch.chdir(tmp_path)
    found = find_clips([path, tmp_path, Path(), Path(path.name)])
    assert len(found.clips) == 1


def test_order_does_not_depend_on_the_inputs(tmp_path: Path) -> None:
    paths = touch(tmp_path, "c.wav", "a.wav", "b.wav")
    assert find_clips(paths) == find_clips(paths[::-1])


def test_what_is_not_there_is_said_and_the_rest_done(tmp_path: Path) -> None:
    (good,) = touch(tmp_path, "good.wav")
    (tmp_path / "empty").mkdir()
    touch(tmp_path, "texts/a.txt")
    found = find_clips([tmp_path / "nowhere.wav", tmp_path / "empty", tmp_path / "texts", good])
    assert [clip.path for clip in found.clips] == [good]
    messages = [str(error) for error in found.missing]
    assert messages[0].startswith(f"{tmp_path / 'nowhere.wav'}: does not exist; ")
    assert messages[1].startswith(f"{tmp_path / 'empty'}: holds no audio files; ")
    assert messages[2].startswith(f"{tmp_path / 'texts'}: holds no audio files; ")
    assert len(messages) == 3


def test_a_name_longer_than_the_system_allows_is_an_error_not_a_crash(tmp_path: Path) -> None:
    found = find_clips([tmp_path / ("x" * 5000)])
    assert len(found.missing) == 1
    assert found.clips == ()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_closed_folder_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "open/a.wav", "closed/b.wav")
    (tmp_path / "closed").chmod(0)
    try:
        found = find_clips([tmp_path])
    finally:
        (tmp_path / "closed").chmod(0o755)
    assert [clip.path.name for clip in found.clips] == ["a.wav"]
    assert "cannot be read" in str(found.missing[0])


def test_links_to_folders_are_entered_once(tmp_path: Path) -> None:
    touch(tmp_path, "real/03-01-05-01-01-01-01.wav")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "link").symlink_to(tmp_path / "real")
    found = find_clips([tmp_path / "given"])
    assert [clip.path.name for clip in found.clips] == ["03-01-05-01-01-01-01.wav"]


def test_an_unknown_corpus_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CorpusError) as caught:
        find_clips([], "iemocap")
    assert all(name in str(caught.value) for name in CHOICES)


def test_a_corpus_behind_a_url(tmp_path: Path) -> None:
    write_corpus("nemo", tmp_path, speakers=2, emotions=["angry"], seconds=0.2)
    here = find_clips([tmp_path]).clips
    there = find_clips([Path((tmp_path / "samples").as_uri())])
    assert there.missing == ()
    assert [clip.name for clip in there.clips] == [clip.path.as_uri() for clip in here]
    assert [(c.emotion, c.speaker, c.gender) for c in there.clips] == [
        (c.emotion, c.speaker, c.gender) for c in here
    ]
    (tmp_path / "clips.csv").write_text("path\nsamples/a.wav\n", encoding="utf-8")
    nothing = find_clips([Path((tmp_path / name).as_uri()) for name in ("nowhere", "clips.csv")])
    assert nothing.clips == ()
    assert [error.cause for error in nothing.missing] == [
        "does not exist",
        "is a manifest behind a URL",
    ]


def test_a_broken_table_is_said_and_names_still_read(tmp_path: Path) -> None:
    write_corpus("nemo", tmp_path, speakers=2, emotions=["angry"], seconds=0.2)
    (tmp_path / "data.tsv").write_bytes(b"\xff\xfe\x00file_id")
    found = find_clips([tmp_path])
    assert len(found.clips) == 2
    assert len(found.missing) == 1
    assert "data.tsv" in str(found.missing[0])


def test_finding_imports_nothing_heavy(run_python: Callable[[str], Any]) -> None:
    loaded = run_python("import sys, ser.corpora.registry; print(*sys.modules)").out.split()
    assert "ser.corpora.registry" in loaded
    assert not {"numpy", "soundfile", "av", "librosa", "tensorflow"} & set(loaded)


@pytest.mark.corpora
def test_real_ravdess(corpora: Path) -> None:
    found = find_clips([corpora / "ravdess"])
    assert len(found.clips) == 1440
    assert found.skipped == ()
    emotions = Counter(clip.emotion for clip in found.clips)
    assert emotions.pop("neutral") == 96
    assert set(emotions.values()) == {192}
    assert len(emotions) == 7
    assert Counter(clip.speaker for clip in found.clips) == {f"{n:02d}": 60 for n in range(1, 25)}
    assert Counter(clip.gender for clip in found.clips) == {"male": 720, "female": 720}
    assert {clip.path.parent.name[-2:] == clip.speaker for clip in found.clips} == {True}


@pytest.mark.corpora
def test_real_tess(corpora: Path) -> None:
    found = find_clips([corpora / "tess"])
    assert len(found.clips) == 2798
    assert found.skipped == ()
    assert Counter(clip.emotion for clip in found.clips) == {
        "angry": 399, "disgust": 400, "fearful": 400, "happy": 400, "neutral": 400, "sad": 399,
        "surprised": 400,
    }  # fmt: skip
    assert {clip.speaker for clip in found.clips} == {"OAF", "YAF"}
    assert len({clip.text for clip in found.clips}) == 200


@pytest.mark.corpora
def test_real_nemo(corpora: Path) -> None:
    found = find_clips([corpora / "nemo"])
    assert len(found.clips) == 4481
    assert found.skipped == ()
    assert Counter(clip.emotion for clip in found.clips) == {
        "angry": 749, "fearful": 736, "happy": 749, "neutral": 809, "sad": 769, "surprised": 669,
    }  # fmt: skip
    speakers = {(clip.speaker, clip.gender) for clip in found.clips}
    assert len(speakers) == 9
    assert all(len(name) == 3 and gender for name, gender in speakers)
    assert len({clip.text for clip in found.clips}) == 90


@pytest.mark.corpora
def test_real_corpora_together(corpora: Path) -> None:
    found = find_clips([corpora / "ravdess", corpora / "tess", corpora / "librispeech"])
    assert Counter(clip.corpus for clip in found.clips) == {"ravdess": 1440, "tess": 2798, "": 351}


def test_every_reader_is_under_its_own_name() -> None:
    assert all(name == reader.name for name, reader in CORPORA.items())


@pytest.mark.parametrize(("reader", "name"), [(case[0], case[1]) for case in GOOD])
def test_no_two_corpora_claim_a_name(reader: str, name: str) -> None:
    claims = [c.name for c in CORPORA.values() if c.parse(Path("corpus", name))]
    assert claims[0] == reader or reader == "folders"
    assert set(claims) <= {reader, "folders", "emodb"}
    assert len(claims) == 1 or "folders" in claims, "only folders may overlap with a corpus"


def test_every_reader_keeps_to_the_vocabulary() -> None:
    for reader, name, *_ in GOOD:
        clip = CORPORA[reader].parse(Path(name)) if reader != "folders" else None
        assert clip is None or clip.emotion in COMMON + SPECIFIC
