"""Sound that is written: whole files, the same bits, as many channels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from recordings import speech

from ser.audio import reader
from ser.audio.writer import bit_depth, check_target, open_sound_file, write_sound
from ser.errors import AudioError

RATE = 22_050


def bits(count: int, channels: int = 2, size: int = 5000) -> np.ndarray:
    """Random whole numbers over the full range, both ends included."""
    top = 1 << (count - 1)
    found = np.random.default_rng(0).integers(-top, top, (size, channels))
    found[0], found[1] = -top, top - 1
    return found


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
@pytest.mark.parametrize(("depth", "count"), [("PCM_16", 16), ("PCM_24", 24)])
def test_bits_survive(tmp_path: Path, suffix: str, depth: str, count: int) -> None:
    whole = bits(count)
    blocks = np.array_split((whole / (1 << (count - 1))).astype(np.float32), 7)
    target = tmp_path / f"x{suffix}"
    with open_sound_file(target, RATE, 2, depth, "about itself") as write:  # type: ignore[arg-type]
        for block in blocks:
            write(block)
    with soundfile.SoundFile(target) as file:
        assert (file.samplerate, file.channels, file.subtype) == (RATE, 2, depth)
        assert file.comment == "about itself"
        found = file.read(dtype="int32")
    np.testing.assert_array_equal(found >> (32 - count), whole)
    assert bit_depth(target) == depth


def test_floats_are_kept_where_they_can_be(tmp_path: Path) -> None:
    samples = np.array([[0.1], [1.5], [-2.0]], np.float32)
    with open_sound_file(tmp_path / "x.wav", RATE, 1, "FLOAT") as write:
        write(samples)
    np.testing.assert_array_equal(
        soundfile.read(tmp_path / "x.wav", dtype="float32", always_2d=True)[0], samples
    )
    assert bit_depth(tmp_path / "x.wav") == "FLOAT"
    with open_sound_file(tmp_path / "x.flac", RATE, 1, "FLOAT") as write:
        write(samples)
    clipped = soundfile.read(tmp_path / "x.flac", dtype="float32", always_2d=True)[0]
    np.testing.assert_allclose(clipped, [[0.1], [1], [-1]], atol=2e-7)


@pytest.mark.parametrize(("subtype", "depth"), [("PCM_U8", "PCM_16"), ("DOUBLE", "FLOAT")])
def test_other_depths(tmp_path: Path, subtype: str, depth: str) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros(10), RATE, subtype=subtype)
    assert bit_depth(tmp_path / "x.wav") == depth


def test_what_is_no_sound_has_16_bits(tmp_path: Path) -> None:
    (tmp_path / "x.m4a").write_bytes(b"no sound")
    assert bit_depth(tmp_path / "x.m4a") == bit_depth(tmp_path / "none") == "PCM_16"


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"old")

    def fail() -> None:
        with open_sound_file(tmp_path / "x.wav", RATE, 1) as write:
            write(np.zeros((100, 1), np.float32))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["x.wav"]
    assert (tmp_path / "x.wav").read_bytes() == b"old"


def test_what_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for target in (tmp_path / "file" / "x.wav", tmp_path / "x.mp3"):
        with pytest.raises(AudioError), open_sound_file(target, RATE, 1):
            pass
    with pytest.raises(AudioError, match="name it"):
        check_target(tmp_path / "x")
    # FLAC has at most eight channels.
    with (
        pytest.raises(AudioError, match="cannot be written"),
        open_sound_file(tmp_path / "x.flac", RATE, 9),
    ):
        pass
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(("suffix", "kind"), [(".wav", "WAV"), (".FLAC", "FLAC")])
def test_what_is_written_can_be_read(suffix: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "deeper" / f"x{suffix}"
    write_sound(path, speech(), 16_000)
    assert soundfile.info(path).format == kind
    np.testing.assert_allclose(reader.read(path, 16_000), speech(), atol=2**-15)
