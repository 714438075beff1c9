"""How loud converted speech is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render

from ser.arrays import Samples
from ser.conversion.loudness import LoudnessMatcher, check_loudness
from ser.errors import ParameterError
from ser.preprocess.loudness import integrated_loudness

RATE = 16_000


@pytest.fixture(scope="module")
def speech() -> Samples:
    return np.asarray(render("sad", 2, seed=4, seconds=4.0), np.float32) * np.float32(0.1)


def test_the_sources_loudness(speech: Samples) -> None:
    found = LoudnessMatcher("keep", RATE).match(speech, speech * np.float32(9))
    assert found == pytest.approx(speech, abs=1e-6)


def test_an_actors_loudness_is_left(speech: Samples) -> None:
    louder = speech * np.float32(9)
    assert LoudnessMatcher("actor", RATE).match(speech, louder) is louder


def test_what_is_equal_stays_equal(speech: Samples) -> None:
    assert LoudnessMatcher("keep", RATE).match(speech, speech) is speech


@pytest.mark.parametrize("channels", [1, 2])
def test_a_loudness_that_is_asked_for(speech: Samples, channels: int, tmp_path: Path) -> None:
    made = np.stack([speech] * channels, axis=1)
    found = LoudnessMatcher(-30.0, RATE).match(made, made)
    if channels == 1:
        assert integrated_loudness(found[:, 0], RATE) == pytest.approx(-30, abs=0.01)
    if shutil.which("ffmpeg") is None:
        return
    soundfile.write(tmp_path / "a.wav", found, RATE, subtype="FLOAT")
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-i", "a.wav", "-af", "ebur128", "-f", "null", "-"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    measured = float(done.stderr.rsplit("I:", 1)[1].split("LUFS")[0])
    assert measured == pytest.approx(-30, abs=0.3)


def test_levels_within_a_recording_stay(speech: Samples) -> None:
    half = len(speech) // 2
    made = speech.copy()
    made[half:] *= 3
    found = LoudnessMatcher("keep", RATE).match(speech, made)
    assert found / made == pytest.approx(np.full(len(made), found[100] / made[100]), rel=1e-4)


def test_a_stream_follows_what_was_heard(speech: Samples) -> None:
    matcher = LoudnessMatcher("keep", RATE)
    parts = [matcher.match_part(part, part * np.float32(4)) for part in np.split(speech, 4)]
    found = np.concatenate(parts)
    after = slice(round(0.02 * RATE), None)
    # Soft blocks count where they are amplified, and not where they are not.
    assert found[after] / np.abs(speech).max() == pytest.approx(
        speech[after] / np.abs(speech).max(), abs=0.05
    )
    # The first change lies in a pause, over 20 ms.
    assert np.abs(found[: round(0.02 * RATE)]).max() <= 4 * np.abs(speech).max()


def test_silence_is_not_amplified() -> None:
    silence = np.zeros(RATE, np.float32)
    assert LoudnessMatcher(-23.0, RATE).match(silence, silence) is silence
    assert len(LoudnessMatcher("keep", RATE).match_part(silence[:0], silence[:0])) == 0


@pytest.mark.parametrize("wrong", ["loud", 3.0, -90, True, None, float("nan")])
def test_what_is_no_loudness(wrong: object) -> None:
    with pytest.raises(ParameterError, match="is no loudness"):
        check_loudness(wrong)


@pytest.mark.parametrize("right", ["keep", "actor", -23, 0.0, -70.0])
def test_what_is_a_loudness(right: object) -> None:
    check_loudness(right)
