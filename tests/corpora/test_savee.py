"""The reader of SAVEE."""

from __future__ import annotations

from pathlib import Path

from corpus_names import check_names

from ser.corpora.registry import CORPORA


def test_names() -> None:
    check_names("savee")


def test_audio_and_video_are_one_take() -> None:
    take = CORPORA["savee"].take
    audio = take(Path("AudioData/JE/sa15.wav"))
    assert audio == take(Path("AudioVisual/JE/sa15.avi")) == take(Path("JE_sa15.wav")) != ""
    assert audio != take(Path("AudioData/JK/sa15.wav"))
    assert take(Path("x.wav")) == ""
