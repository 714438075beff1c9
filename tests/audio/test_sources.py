"""Where sound comes from, and how many channels it has."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, encode, sound, speech

from ser.audio import reader
from ser.audio.sources import count_channels, decode, is_pipe
from ser.errors import AudioError


def test_channels_are_counted(tmp_path: Path) -> None:
    stereo = np.stack([speech(), speech()])
    (tmp_path / "one.wav").write_bytes(sound(speech(), RATE))
    (tmp_path / "two.flac").write_bytes(sound(stereo.T, RATE, "FLAC"))
    encode(tmp_path / "two.m4a", "aac", stereo, RATE, layout="stereo")
    assert count_channels(tmp_path / "one.wav") == 1
    assert count_channels(tmp_path / "two.flac") == count_channels(tmp_path / "two.m4a") == 2
    assert count_channels((np.zeros((100, 3)), 8000)) == 3
    with pytest.raises(AudioError, match="-: can be read once, and its channels one by one need"):
        count_channels("-")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_what_is_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    assert is_pipe("-")
    assert is_pipe(tmp_path / "pipe")
    assert not is_pipe(tmp_path / "file")
    assert not is_pipe(tmp_path / "none")
    assert not is_pipe("memory://a.wav")
    assert not is_pipe(io.BytesIO())
    assert not is_pipe((np.zeros(1), 8000))


def test_one_channel_of_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    both = np.stack([speech(), 0.5 * speech()[::-1]], axis=1)
    path.write_bytes(sound(both, RATE, subtype="FLOAT"))
    for number in (1, 2):
        selection = reader.Selection(number)
        expected = both[:, number - 1]
        np.testing.assert_array_equal(reader.read(path, RATE, selection=selection), expected)
        blocks = list(reader.stream(path, RATE, selection=selection, block_seconds=0.3))
        np.testing.assert_array_equal(np.concatenate(blocks), expected)
        kept = [block for block, _ in reader.channels(path, selection=selection)]
        np.testing.assert_array_equal(np.concatenate(kept), expected[:, None])


@pytest.mark.parametrize("rate", [1, 999, 2_000_000])
def test_rates_that_chance_has_made(rate: int, tmp_path: Path) -> None:
    path = tmp_path / "x.wav"
    data = bytearray(sound(speech(), RATE))
    data[24:28] = rate.to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with pytest.raises(AudioError, match=f"has a sample rate of {rate} Hz; export it again"):
        list(decode(path, 1.0))


def test_values_that_chance_has_made() -> None:
    samples = speech()
    samples[1000] = 3e38
    with pytest.raises(AudioError, match="holds samples that are no sound"):
        reader.read(io.BytesIO(sound(samples, RATE, subtype="FLOAT")), RATE)
