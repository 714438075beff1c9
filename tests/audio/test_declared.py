"""What headers say, and what is missing of it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, SECONDS, encode, sound, speech

from ser.audio import reader
from ser.audio.causes import IncompleteError
from ser.audio.declared import read_declared, read_ogg_pages

KINDS = ("WAV", "RF64", "W64", "AIFF", "CAF", "AU", "FLAC", "MP3")


def cut_off(data: bytes) -> tuple[int, str]:
    """Reads the first two thirds; gives the number of samples, and what is said."""
    count = 0
    with pytest.raises(IncompleteError) as caught:
        for block in reader.stream(io.BytesIO(data[: len(data) * 2 // 3]), RATE, block_seconds=0.2):
            count += len(block)
    return count, str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_were_cut_off(kind: str) -> None:
    data = sound(speech(), RATE, kind)
    assert len(reader.read(io.BytesIO(data), RATE)) == pytest.approx(SECONDS * RATE, abs=1700)
    count, said = cut_off(data)
    assert 1.2 * RATE < count < 2.4 * RATE
    assert f"is incomplete: {count / RATE:.1f} of 3." in said
    assert "fetch it or copy it again" in said


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_that_was_cut_off(subtype: str) -> None:
    """Its header does not say how long it is, but it ends within a page."""
    data = sound(np.tile(speech(), 4), RATE, "OGG", subtype)
    count, said = cut_off(data)
    assert 4 * RATE < count < 9 * RATE
    assert f"is incomplete: it breaks off after {count / RATE:.1f} s" in said


def test_ogg_without_an_end_mark() -> None:
    data = sound(speech(), RATE, "OGG", "OPUS")
    last = data.rindex(b"OggS")
    open_ended = bytearray(data)
    open_ended[last + 5] &= ~4
    remarks: list[str] = []
    # The check sum is wrong now, and that page is lost.
    reader.read(io.BytesIO(bytes(open_ended)), RATE, remark=remarks.append)
    assert remarks == ["it has no end mark and may be incomplete"]


def test_mp4_that_was_cut_off(tmp_path: Path) -> None:
    import av

    whole = encode(tmp_path / "whole.m4a", "aac", np.tile(speech(), 4), RATE)
    fast = tmp_path / "fast.m4a"
    with (
        av.open(str(whole)) as source,
        av.open(str(fast), "w", options={"movflags": "faststart"}) as target,
    ):
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = track
                target.mux(packet)
    count, said = cut_off(fast.read_bytes())
    assert f"is incomplete: {count / RATE:.1f} of 12." in said


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000 - 1, 0xFFFFFFFF])
def test_placeholders_of_pipes_are_complete(size: int) -> None:
    data = bytearray(sound(speech(), RATE))
    data[40:44] = struct.pack("<I", size)
    assert read_declared(io.BytesIO(bytes(data))) is None
    assert len(reader.read(io.BytesIO(bytes(data)), RATE)) == 48_000
    tiff = bytearray(sound(speech(), RATE, "AIFF"))
    place = tiff.index(b"SSND") + 4
    tiff[place : place + 4] = struct.pack(">I", size)
    assert read_declared(io.BytesIO(bytes(tiff))) is None


def test_a_part_that_is_there_is_no_failure() -> None:
    data = sound(speech(), RATE)[:-20_000]
    assert len(reader.read(io.BytesIO(data), RATE, offset=0.5, duration=1.0)) == RATE
    with pytest.raises(IncompleteError, match=r"2\.4 of 3\.0 s"):
        reader.read(io.BytesIO(data), RATE, offset=0.5, duration=2.2)


def test_headers_that_chance_has_made() -> None:
    chance = np.random.default_rng(0)
    for kind in KINDS:
        data = bytearray(sound(speech(), RATE, kind)[:3000])
        for _ in range(200):
            broken = bytearray(data[: int(chance.integers(4, 3000))])
            for place in chance.integers(4, 120, 6):
                if place < len(broken):
                    broken[place] = int(chance.integers(256))
            read_declared(io.BytesIO(bytes(broken)))


def test_pages_of_ogg() -> None:
    one = sound(speech(), RATE, "OGG", "VORBIS")
    for data, expected in (
        (one, (False, False, True)),
        (one + one, (True, False, True)),
        (one[:-1], (False, True, True)),
        (one[:-10_000], (False, True, False)),
    ):
        assert read_ogg_pages(io.BytesIO(data)) == expected
    assert read_ogg_pages(io.BytesIO(b"RIFF")) is None
    broken = bytearray(one)
    broken[one.index(b"OggS", 10)] = 0
    assert read_ogg_pages(io.BytesIO(bytes(broken))) is None
