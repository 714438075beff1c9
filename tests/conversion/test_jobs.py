"""Conversion of files and samples with a model that is opened by its path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render

from ser.audio import reader
from ser.audio.writer import write_sound
from ser.conversion import jobs
from ser.conversion.artifact import write_rules_artifact
from ser.conversion.jobs import (
    ConversionConfig,
    convert_blocks,
    convert_files,
    convert_speech,
    write_speech,
)
from ser.conversion.rules import Rule, Rules
from ser.conversion.tasks import ConversionTask, SourceRecording
from ser.errors import ArtifactError, AudioError, LabelError, ParameterError

RATE = 16_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rules that make angry speech 3 semitones higher, 6 dB louder and a quarter longer."""
    path = tmp_path_factory.mktemp("model") / "rules.keras"
    rule = Rule(1.0, 3.0, 1.0, 1.25, (6.0,) * 80)
    write_rules_artifact(path, Rules("neutral", {"angry": (rule,)}))
    return path


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    write_sound(path, render("neutral", 1, seed=1, seconds=2.0), RATE)
    return path


def test_a_path_and_its_samples_give_the_same(talk: Path, model: Path) -> None:
    samples = reader.read(talk, RATE)
    converted, rate = convert_speech(talk, "angry", model=model)
    assert rate == RATE
    assert converted.ndim == 1
    assert converted.dtype == np.float32
    assert np.abs(converted).max() <= 1
    assert len(converted) == pytest.approx(1.25 * len(samples), rel=0.1)
    again, _ = convert_speech((samples, RATE), "Anger", model=str(model))
    np.testing.assert_array_equal(converted, again)


def test_channels_stay(talk: Path, model: Path) -> None:
    samples = reader.read(talk, RATE)
    stereo = np.stack([samples, 0.5 * samples], axis=1)
    converted, _ = convert_speech((stereo, RATE), "angry", model=model)
    assert converted.shape[1] == 2
    np.testing.assert_allclose(converted[:, 1], 0.5 * converted[:, 0], atol=1e-3)


def test_results_are_written_as_synthetic_speech(talk: Path, model: Path, tmp_path: Path) -> None:
    mono = reader.read(talk, RATE)
    for name, samples in (("mono.wav", mono), ("stereo.flac", np.stack([mono, mono], axis=1))):
        converted, rate = convert_speech((samples, RATE), "angry", model=model)
        write_speech(tmp_path / name, converted, rate, "angry")
        with soundfile.SoundFile(tmp_path / name) as file:
            assert (file.samplerate, file.channels) == (RATE, samples.ndim)
            assert file.comment.startswith("synthetic speech: made angry")
            np.testing.assert_allclose(file.read(dtype="float32"), converted, atol=1e-4)


@pytest.mark.parametrize("options", [{"intensity": 0.0}, {"source_emotion": "anger"}])
def test_what_has_the_emotion_stays_as_it_is(
    talk: Path, model: Path, options: dict[str, object]
) -> None:
    converted, _ = convert_speech(talk, "angry", model=model, **options)  # type: ignore[arg-type]
    np.testing.assert_array_equal(converted, reader.read(talk, RATE))


def test_the_source_emotion_is_recognized(
    talk: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def classifier(path: str) -> object:
        opened.append(path)
        return lambda samples: "angry"

    monkeypatch.setattr(jobs, "_cached_classifier", classifier)
    converted, _ = convert_speech(
        talk, "angry", model=model, source_emotion="auto", classifier="own.keras"
    )
    np.testing.assert_array_equal(converted, reader.read(talk, RATE))
    assert opened == ["own.keras"]


def test_what_cannot_be_converted(talk: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="to=sad: is not an emotion that the model makes"):
        convert_speech(talk, "sad", model=model)
    with pytest.raises(LabelError, match="glee"):
        convert_speech(talk, "glee", model=model)
    with pytest.raises(LabelError, match="glee"):
        convert_speech(talk, "angry", model=model, source_emotion="glee")
    for intensity in (-0.1, 1.6, float("nan")):
        with pytest.raises(ParameterError, match=r"intensity=.* must be from 0 to 1\.5"):
            convert_speech(talk, "angry", model=model, intensity=intensity)
    with pytest.raises(AudioError):
        convert_speech(tmp_path / "none.wav", "angry", model=model)
    with pytest.raises(ArtifactError):
        convert_speech(talk, "angry", model=tmp_path / "none.keras")


def test_long_recordings_are_converted_as_a_stream(
    talk: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phrase = reader.read(talk, RATE)[:, None]
    pause = np.zeros((RATE, 1), np.float32)
    config = ConversionConfig(str(model), loudness="actor")
    (whole,) = convert_blocks(iter([phrase, pause, phrase]), RATE, "angry", config)
    monkeypatch.setattr(jobs, "_MAX_SECONDS_IN_MEMORY", 1.0)
    parts = list(convert_blocks(iter([phrase, pause, phrase]), RATE, "angry", config))
    assert len(parts) > 1
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-6)


@pytest.mark.parametrize("processes", [1, 2])
def test_files_are_written_and_failures_named(
    talk: Path, model: Path, tmp_path: Path, processes: int
) -> None:
    def task(path: Path, shown: str) -> ConversionTask:
        return ConversionTask(SourceRecording(shown, path, shown), "angry", tmp_path / shown)

    tasks = [task(talk, "one.wav"), task(tmp_path / "copy", "gone.wav"), task(talk, "two.wav")]
    seconds: list[float] = []
    done = dict(convert_files(tasks, ConversionConfig(str(model)), processes, seconds.append))
    assert str(done[tasks[1]].error).startswith("gone.wav: ")
    assert not tasks[1].target.exists()
    expected, _ = convert_speech(talk, "angry", model=model)
    for one in (tasks[0], tasks[2]):
        assert done[one].error is None
        assert done[one].seconds == pytest.approx(2, abs=0.1)
        written, rate = convert_speech(one.target, "angry", model=model, intensity=0)
        assert rate == RATE
        np.testing.assert_allclose(written, expected, atol=1e-4)
    assert sum(seconds) == pytest.approx(4, abs=0.2)
