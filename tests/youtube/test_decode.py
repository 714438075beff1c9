"""Downloads as WAV and FLAC."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ser.audio.selection import Selection
from ser.errors import AudioError, SerError
from ser.youtube import decode as module
from ser.youtube.config import Section
from ser.youtube.decode import PartialSoundError, decode, file_duration

RATE = 16_000


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three seconds: silence, and a tone from 1 to 2 s; two channels at another rate."""
    samples = np.zeros((3 * 22_050, 2))
    time = np.arange(22_050) / 22_050
    samples[22_050 : 2 * 22_050] = 0.5 * np.sin(2 * np.pi * 300 * time)[:, None]
    path = tmp_path / "source.wav"
    soundfile.write(path, samples, 22_050)
    return path


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_part_becomes_mono_16_bits(source: Path, tmp_path: Path, kind: str) -> None:
    target = tmp_path / f"part.{kind}"
    seconds = decode(source, target, RATE, kind, Section(0.5, 2.5))  # type: ignore[arg-type]
    assert seconds == pytest.approx(2.0)
    about = soundfile.info(target)
    assert (about.samplerate, about.channels, about.subtype) == (RATE, 1, "PCM_16")
    samples, _ = soundfile.read(target)
    assert np.abs(samples[: RATE // 2 - 100]).max() < 0.01
    assert np.abs(samples[RATE // 2 : 3 * RATE // 2]).max() == pytest.approx(0.5, abs=0.02)
    assert file_duration(target, RATE) == pytest.approx(2.0)


def test_what_is_no_file_of_this_rate_has_no_duration(source: Path, tmp_path: Path) -> None:
    assert file_duration(source, 22_050) == pytest.approx(3.0)
    assert file_duration(source, RATE) is None
    assert file_duration(tmp_path / "none.wav", RATE) is None
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    assert file_duration(tmp_path / "broken.wav", RATE) is None


def test_failures_leave_no_file(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out" / "part.wav"
    with pytest.raises(AudioError, match="holds no samples"):
        decode(source, target, RATE, "wav", Section(5.0))
    monkeypatch.setattr(module, "_MAX_WAV_SAMPLES", RATE)
    with pytest.raises(AudioError, match="too long for WAV"):
        decode(source, target, RATE, "wav", Section())
    assert list(target.parent.iterdir()) == []
    assert decode(source, target.with_suffix(".flac"), RATE, "flac", Section()) == 3.0
    with pytest.raises(SerError, match="cannot be written"):
        decode(source, source / "inside.wav", RATE, "wav", Section())


def test_sound_before_a_break_is_kept_under_another_name(source: Path, tmp_path: Path) -> None:
    whole = source.read_bytes()
    source.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(PartialSoundError, match=r"the 2\.0 s before that are in .*partial\.wav"):
        decode(source, tmp_path / "talk.wav", RATE, "wav", Section())
    assert not (tmp_path / "talk.wav").exists()
    assert soundfile.info(tmp_path / "talk.partial.wav").duration == pytest.approx(2.0, abs=0.1)


def test_one_channel(source: Path, tmp_path: Path) -> None:
    samples, rate = soundfile.read(source)
    samples[:, 1] = 0
    soundfile.write(source, samples, rate)
    target = tmp_path / "one.wav"
    decode(source, target, RATE, "wav", Section(), Selection(2))
    assert np.abs(soundfile.read(target)[0]).max() < 1e-3
    decode(source, target, RATE, "wav", Section(), Selection(1))
    assert np.abs(soundfile.read(target)[0]).max() == pytest.approx(0.5, abs=0.02)
    with pytest.raises(AudioError, match="has no channel 3"):
        decode(source, target, RATE, "wav", Section(), Selection(3))
