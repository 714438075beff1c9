"""Packets: reading on behind what cannot be read, and their length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from broadcasts import marks, write_packets
from recordings import RATE, encode, speech

from ser.audio import reader

ALMOST = 0.12
"""Seconds that encoders add at the ends."""


def test_joined_recordings(tmp_path: Path) -> None:
    for name, codec, rate in (
        ("x.ts", "aac", 44_100),
        ("x.mp3", "libmp3lame", 44_100),
        ("x.aac", "aac", 44_100),
        ("x.ogg", "libopus", 48_000),
    ):
        path = tmp_path / name
        one = encode(path, codec, np.tile(speech(rate), 2), rate).read_bytes()
        path.write_bytes(one + one)
        found = reader.read(path, RATE)
        assert len(found) / RATE == pytest.approx(12.0, abs=2 * ALMOST)
        assert reader.length(path) == pytest.approx(len(found) / RATE, abs=ALMOST)
        first, second = found[: 6 * RATE], found[-6 * RATE :]
        assert np.square(second).mean() == pytest.approx(np.square(first).mean(), rel=0.1)


def test_a_broken_packet_is_silence(tmp_path: Path) -> None:
    """Four hundred bytes of twelve seconds: all of the rest was lost once."""
    path = encode(tmp_path / "x.m4a", "aac", np.tile(speech(), 4), RATE)
    data = bytearray(path.read_bytes())
    place = len(data) // 2
    data[place : place + 400] = np.random.default_rng(1).bytes(400)
    path.write_bytes(bytes(data))
    remarks: list[str] = []
    found = reader.read(path, RATE, remark=remarks.append)
    assert len(found) / RATE == pytest.approx(12.0, abs=ALMOST)
    assert all("broken" in remark for remark in remarks)
    late = slice(9 * RATE, 12 * RATE)
    assert np.corrcoef(found[late], np.tile(speech(), 4)[late])[0, 1] > 0.9


def phone_call() -> bytes:
    """AMR with pauses that were not sent (DTX): frames of chance, and frames without data."""
    chance = np.random.default_rng(0)
    frames = []
    for number in range(600):
        speaks = number % 200 < 100
        frames.append(b"\x3c" + chance.bytes(31) if speaks else b"\x7c")
    return b"#!AMR\n" + b"".join(frames)


def test_pauses_that_were_not_sent(tmp_path: Path) -> None:
    path = tmp_path / "call.amr"
    path.write_bytes(phone_call())
    remarks: list[str] = []
    found = reader.read(path, 8000, remark=remarks.append)
    assert len(found) / 8000 == pytest.approx(12.0, abs=0.05)
    assert remarks == []
    levels = [float(np.square(found[n * 16_000 :][:15_000]).mean()) for n in range(6)]
    assert min(levels[::2]) > 100 * max(level + 1e-9 for level in levels[1::2])


def test_a_gap_counts_in_the_length(tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    write_packets(path, "aac", marks(44_100), 44_100, dropped=(2.0, 5.0))
    assert reader.length(path) == pytest.approx(10.0, abs=ALMOST)
