"""Decoding with FFmpeg: seeking, files that were cut off, tags, films."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decoding import ENCODINGS, similar, streamed, sweep
from recordings import RATE, encode, speech

from ser.audio import ffmpeg, reader
from ser.errors import AudioError


@pytest.mark.parametrize("name", ENCODINGS)
def test_encodings_are_read(name: str, encoded: Path) -> None:
    _, rate, _, _ = ENCODINGS[name]
    found = reader.read(encoded / name, rate)
    # An encoder's run-up is dropped where the container says how long it is, and raw AAC does not.
    shift = 1024 if name == "adts.aac" else 0
    assert len(found) == pytest.approx(12 * rate, abs=2500)
    assert similar(found[shift:], sweep(rate)) > 0.98
    np.testing.assert_array_equal(streamed(encoded / name, rate), found)
    # The picture is longer or shorter than the sound and does not count.
    assert reader.length(encoded / name) == pytest.approx(len(found) / rate, abs=0.05)


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("offset", [0.3, 1.7, 7.0, 11.5])
def test_offsets_are_exact(name: str, offset: float, encoded: Path) -> None:
    """A part is the same part of the whole, although FFmpeg jumps close to it and decodes there."""
    whole = reader.read(encoded / name, RATE)
    part = reader.read(encoded / name, RATE, offset=offset, duration=0.5)
    start = round(offset * RATE)
    assert len(part) == min(8000, len(whole) - start)
    slack = 1
    inner = slice(500, len(part) - 500)
    errors = [
        np.abs(part[inner] - whole[start + lag :][: len(part)][inner]).max()
        for lag in range(-slack, slack + 1)
        if len(whole[start + lag :]) >= len(part)
    ]
    # AAC fills bands with noise, which is another one when it starts elsewhere.
    assert min(errors) < (0.05 if "aac" in ENCODINGS[name] else 1e-3)


@pytest.mark.parametrize("name", ["stereo.m4a", "film.mp4", "film.webm", "lame.mp3", "flac.mka"])
def test_offsets_do_not_decode_all_that_lies_before(name: str, encoded: Path) -> None:
    decoded = 0
    original = ffmpeg.to_arrays

    def counting(*args: Any) -> Any:
        nonlocal decoded
        for samples in original(*args):
            decoded += len(samples)
            yield samples

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ffmpeg, "to_arrays", counting)
        list(reader.stream(encoded / name, RATE))
        whole, decoded = decoded, 0
        reader.read(encoded / name, RATE, offset=10.0, duration=0.5)
    assert 0 < decoded < 0.6 * whole


def test_a_film_that_was_cut_off(tmp_path: Path) -> None:
    """FFmpeg takes WebM for complete wherever it ends; its header knows better."""
    whole = encode(tmp_path / "whole.webm", "libopus", np.tile(speech(), 4), 48_000)
    seconds = reader.length(whole)
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole.read_bytes()[: round(0.6 * whole.stat().st_size)])
    samples = 0
    with pytest.raises(AudioError, match=rf"is incomplete: 2\.\d of {seconds:.1f} s are there"):
        for block in reader.stream(cut, RATE, block_seconds=0.5):
            samples += len(block)
    assert 0.4 * seconds < samples / RATE < 0.8 * seconds
    # What is asked for is there.
    assert len(reader.read(cut, RATE, duration=1.0)) == RATE
    # Beside a picture, sound may end when it likes.
    beside = encode(tmp_path / "film.webm", "libopus", speech(), 48_000, picture=9.0)
    assert reader.length(beside) < 9
    assert len(reader.read(beside, RATE)) == pytest.approx(reader.length(beside) * RATE, abs=400)


def test_a_film_without_sound(tmp_path: Path) -> None:
    path = encode(tmp_path / "silent.mp4", None, speech(), RATE, picture=1.0)
    for way in (reader.length, lambda p: reader.read(p, RATE), lambda p: streamed(p, RATE)):
        with pytest.raises(AudioError, match="has no audio stream; give a file with sound"):
            way(path)


def test_tags_that_are_not_utf_8(tmp_path: Path) -> None:
    path = encode(tmp_path / "tagged.m4a", "aac", speech(), RATE)
    data = path.read_bytes()
    assert b"Lavf" in data
    path.write_bytes(data.replace(b"Lavf", b"\xff\xfe\xe9\xe8"))
    assert len(reader.read(path, RATE)) == pytest.approx(48_000, abs=1024)


@pytest.mark.parametrize("name", ["lame.mp3", "opus.webm", "film.webm", "adts.aac", "flac.mka"])
def test_lengths_from_packets_are_exact(name: str, encoded: Path) -> None:
    """What encoders add at either end, and players drop, is no sound."""
    _, rate, _, _ = ENCODINGS[name]
    seconds = len(reader.read(encoded / name, rate)) / rate
    # Time stamps of WebM are in milliseconds.
    assert reader.length(encoded / name) == pytest.approx(seconds, abs=2e-3)
