"""What the first bytes say."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, encode, sound, speech

from ser.audio import reader
from ser.audio.signature import foreign_content, is_for_libsndfile, sound_start


def id3(size: int) -> bytes:
    """A tag of ID3v2.3 with so many bytes of padding."""
    digits = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + digits + bytes(size)


def test_tags_in_front_are_stepped_over() -> None:
    for tags in (b"", id3(0), id3(300), id3(300) + id3(20_000)):
        place, start = sound_start(io.BytesIO(tags + b"RIFF" + bytes(60)))
        assert (place, start[:4]) == (len(tags), b"RIFF")
    assert sound_start(io.BytesIO(b"")) == (0, b"")
    assert sound_start(io.BytesIO(id3(500)[:100]))[1] == b""


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "AIFF", "OGG"])
def test_tags_in_front_of_any_format(kind: str, tmp_path: Path) -> None:
    """Some programs put ID3 in front of WAV, which then looks like MP3."""
    data = sound(speech(), RATE, kind)
    for name in ("tagged.wav", "tagged.mp3", "tagged"):
        path = tmp_path / name
        path.write_bytes(id3(2000) + data)
        found = reader.read(path, RATE)
        np.testing.assert_allclose(found, reader.read(io.BytesIO(data), RATE), atol=1e-4)


@pytest.mark.parametrize("name", ["x.mp3", "x.txt", "x", "x.wav", "x.flac", "x.aac", "x.m4a"])
def test_names_do_not_count(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for data in (
        sound(speech(), RATE),
        sound(speech(), RATE, "FLAC"),
        sound(speech(), RATE, "MP3"),
        encode(tmp_path / "made.m4a", "aac", speech(), RATE).read_bytes(),
    ):
        path.write_bytes(data)
        assert len(reader.read(path, RATE)) == pytest.approx(48_000, abs=1700)


def test_who_is_tried_first() -> None:
    assert is_for_libsndfile(b"RIFF", "x.mp3")
    assert is_for_libsndfile(b"something else", "x.wav")
    assert not is_for_libsndfile(b"something else", "x.MP3")
    assert not is_for_libsndfile(b"\xff\xfb\x90\x00", "x.wav")


def test_what_is_no_sound() -> None:
    found = foreign_content(b"version https://git-lfs.github.com/spec/v1\noid sha256:00")
    assert found is not None
    assert "git lfs pull" in found[1]
    assert foreign_content(b"\n <!doctype HTML>") is not None
    assert foreign_content(b"RIFF") is None
