"""`ser.translate`: the command's result, from a path, a file or samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import Run
from speech import render

import ser
from ser.errors import OverwritingError

RATE = 16_000


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("said") / "said.wav"
    samples = render("neutral", 3, seed=5, seconds=2.0)
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


def test_the_command_makes_the_same(path: Path, run: Run, tmp_path: Path) -> None:
    target = tmp_path / "angry.wav"
    done = run("ser-translate", path, "--to", "angry", "-o", target)
    assert done.returncode == 0, done.err
    samples, rate = ser.translate(path, to="angry")
    made, made_rate = soundfile.read(target, dtype="float32")
    assert rate == made_rate == RATE
    assert samples.shape == made.shape
    assert np.abs(samples - made).max() < 1e-3
    source, _ = soundfile.read(path, dtype="float32")
    from_samples, _ = ser.translate(source, "angry", sample_rate=RATE)
    assert from_samples == pytest.approx(samples, abs=1e-6)


def test_written_at_once(path: Path, tmp_path: Path) -> None:
    samples, rate = ser.translate(path, to="sad", output=tmp_path / "sad.wav", engine="rules")
    made, made_rate = soundfile.read(tmp_path / "sad.wav", dtype="float32")
    assert (made_rate, made.shape) == (rate, samples.shape)
    assert np.abs(made - samples).max() < 1e-3


def test_nothing_changes_at_intensity_zero(path: Path) -> None:
    samples, _ = ser.translate(path, to="happy", intensity=0.0)
    source, _ = soundfile.read(path, dtype="float32")
    assert samples == pytest.approx(source, abs=1e-5)


def test_unknown_emotions(path: Path) -> None:
    with pytest.raises(ser.SerError, match="bored"):
        ser.translate(path, to="bored")


def test_unknown_engines(path: Path) -> None:
    with pytest.raises(ser.SerError, match=r"^engine=rule: is unknown; did you mean rules"):
        ser.translate(path, to="sad", engine="rule")  # type: ignore[arg-type]
    with pytest.raises(ser.SerError, match=r"^device=zzz: is unknown"):
        ser.translate(path, to="sad", device="zzz")  # type: ignore[arg-type]


def test_the_recording_is_not_written_over(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(OverwritingError), path.open("rb") as stream:
        ser.translate(stream, to="sad", output=path)
    assert path.read_bytes() == before
