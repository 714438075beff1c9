"""The reader of RAVDESS."""

from __future__ import annotations

from pathlib import Path

from corpus_names import check_names

from ser.corpora.registry import CORPORA
from ser.labels import COMMON


def test_ravdess_emotions_are_in_the_order_of_their_codes() -> None:
    names = [f"03-01-{code:02d}-01-01-01-01.wav" for code in range(1, 9)]
    clips = [CORPORA["ravdess"].parse(Path(name)) for name in names]
    assert tuple(clip.emotion for clip in clips if clip) == COMMON


def test_ravdess_channel() -> None:
    reader = CORPORA["ravdess"]
    assert reader.channel(Path("03-01-05-01-01-01-01.wav")) == "speech"
    assert reader.channel(Path("03-02-05-01-01-01-01.wav")) == "song"


def test_names() -> None:
    check_names("ravdess")


def test_audio_and_video_are_one_take() -> None:
    take = CORPORA["ravdess"].take
    audio = take(Path("Actor_12/03-01-06-01-02-01-12.wav"))
    assert audio == take(Path("Video_Speech_Actor_12/01-01-06-01-02-01-12.mp4"))
    assert audio != take(Path("Actor_12/03-02-06-01-02-01-12.wav"))  # sung
    assert audio != take(Path("Actor_12/03-01-06-01-02-02-12.wav"))  # repeated
    assert take(Path("notes.wav")) == ""
