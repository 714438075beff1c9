"""The reader of CREMA-D."""

from __future__ import annotations

from pathlib import Path

from corpus_names import check_names, touch

from ser.corpora.registry import CORPORA, find_clips


def test_names() -> None:
    check_names("crema_d")


def test_crema_d_takes_gender_from_its_demographics(tmp_path: Path) -> None:
    touch(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1002_DFA_ANG_XX.wav",
          "AudioWAV/1003_DFA_ANG_XX.wav")  # fmt: skip
    (tmp_path / "VideoDemographics.csv").write_text(
        "ActorID,Age,Sex,Race,Ethnicity\n1001,51,Male,Caucasian,Not Hispanic\n"
        "1002,21,Female,Caucasian,Not Hispanic\n"
    )
    found = find_clips([tmp_path])
    assert [clip.gender for clip in found.clips] == ["male", "female", ""]


def test_audio_and_video_are_one_take() -> None:
    take = CORPORA["crema_d"].take
    audio = take(Path("AudioWAV/1001_DFA_ANG_XX.wav"))
    assert audio == take(Path("VideoFlash/1001_DFA_ANG_XX.flv")) != ""
    assert audio != take(Path("AudioWAV/1001_DFA_HAP_XX.wav"))
    assert take(Path("1001.wav")) == ""
