"""The decoder of plain WAV from pipes: every plain format, unusual headers, and other formats."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from decoding import sweep
from recordings import sound

from ser.audio import wav

RATE = 8000
STEREO = np.stack([sweep(RATE, 1.0), -0.5 * sweep(RATE, 1.0)], axis=1)


def decode(data: bytes, seconds: float = 0.3) -> np.ndarray:
    parts = list(wav.blocks(io.BytesIO(data), seconds))
    assert {rate for _, rate in parts} == {RATE}
    return np.concatenate([block for block, _ in parts])


@pytest.mark.parametrize(
    ("subtype", "step"),
    [
        ("PCM_U8", 2**-7),
        ("PCM_16", 2**-15),
        ("PCM_24", 2**-23),
        ("PCM_32", 1e-7),
        ("FLOAT", 1e-7),
        ("DOUBLE", 1e-7),
    ],
)
def test_every_plain_format(subtype: str, step: float) -> None:
    found = decode(sound(STEREO, RATE, subtype=subtype))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, STEREO, atol=2 * step)


def header(*chunks: tuple[bytes, bytes], length: int, rate: int = RATE) -> bytes:
    """A mono header of 16 bits, with chunks before the samples."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    data = b"RIFF\0\0\0\0WAVE"
    for name, content in ((b"fmt ", form), *chunks):
        data += name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    return data + b"data" + struct.pack("<I", length)


SAMPLES = np.arange(-100, 101, dtype="<i2")


def test_chunks_before_the_samples_are_skipped() -> None:
    # Chunks begin at even places: behind one of odd length is a byte of padding.
    data = header((b"LIST", b"odd"), (b"bext", b"even"), length=402) + SAMPLES.tobytes()
    np.testing.assert_array_equal(decode(data)[:, 0] * 2**15, SAMPLES)


@pytest.mark.parametrize("length", [0, 0x7FFF0000, 0xFFFFFFFF])
def test_a_length_that_is_not_known(length: int) -> None:
    data = header(length=length) + SAMPLES.tobytes()
    np.testing.assert_array_equal(decode(data)[:, 0] * 2**15, SAMPLES)


def test_what_lies_behind_the_samples_is_not_sound() -> None:
    data = header(length=402) + SAMPLES.tobytes() + b"LIST\x04\0\0\0tags"
    assert len(decode(data)) == 201
    # Half a sample at the end is none.
    assert len(decode(header(length=0) + SAMPLES.tobytes()[:-1])) == 200


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RI",
        b"fLaC and more",
        b"RIFF\0\0\0\0AVI ",
        b"RIFF\0\0\0\0WAVEdata\0\0\0\0",
        header(length=0, rate=0),
        header((b"fmt ", struct.pack("<HHIIHH", 2, 1, RATE, RATE, 1, 4)), length=0),
    ],
)
def test_other_formats_are_left_to_others(data: bytes) -> None:
    with pytest.raises(wav.OtherFormatError) as caught:
        list(wav.blocks(io.BytesIO(data), 1.0))
    # What has been read is handed on.
    assert data.startswith(caught.value.start)
    assert caught.value.start == data or len(caught.value.start) >= 4
