"""Errors that name the cause."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, encode, speech

from ser.audio import reader
from ser.audio.causes import incomplete
from ser.errors import AudioError


def test_what_is_missing() -> None:
    assert str(incomplete("x", 6.0, 12.0)).startswith("x: is incomplete: 6.0 of 12.0 s are there;")
    assert "it breaks off after 6.0 s" in incomplete("x", 6.0).cause


def test_a_recording_that_was_not_finished(tmp_path: Path) -> None:
    """A phone whose battery went empty: MP4 has its index at its end."""
    data = encode(tmp_path / "x.m4a", "aac", np.tile(speech(), 4), RATE).read_bytes()
    cut = tmp_path / "cut.m4a"
    for share in (0.5, 0.9, 0.995):
        cut.write_bytes(data[: round(share * len(data))])
        for way in (lambda path: reader.read(path, RATE), reader.length):
            with pytest.raises(
                AudioError, match=r"was not finished: its index \(moov\) is missing"
            ):
                way(cut)
    with pytest.raises(AudioError, match=r"file object: was not finished"):
        reader.read(io.BytesIO(data[:20_000]), RATE)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (bytes(5000), "it holds zero bytes alone"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n", "git lfs pull"),
        (b"<html><body>Sign in</body></html>" * 9, "is a web page"),
        (b"just text " * 99, "cannot be decoded by libsndfile or FFmpeg"),
    ],
)
def test_what_is_no_recording(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(data)
    with pytest.raises(AudioError) as caught:
        reader.read(path, RATE)
    assert said in str(caught.value)
