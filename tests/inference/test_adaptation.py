"""What is learnt of a voice from recordings of it, before another one is analysed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from speech import render
from spoken import EMOTIONS

from ser.errors import AudioError, ParameterError
from ser.features.prosody.speaker import MIN_CLIPS
from ser.inference.adaptation import adapt, check_emotions, enrol, speech_features
from ser.inference.classifier import Adaptation, Classifier, open_classifier

RATE = 16_000


@pytest.fixture(scope="module", params=["plain", "reading"])
def classifier(
    request: pytest.FixtureRequest, tiny_model: Path, prosodic_model: Path
) -> Classifier:
    return open_classifier(tiny_model if request.param == "plain" else prosodic_model)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of one voice: three seconds of each emotion, and all of them together."""
    folder = tmp_path_factory.mktemp("voice")
    parts = {
        emotion: np.concatenate(
            [render(emotion, 2, seed=20 + k, seconds=1.0, intensity="strong") for k in range(3)]
        )
        for emotion in EMOTIONS
    }
    for emotion, samples in parts.items():
        soundfile.write(folder / f"{emotion}.wav", samples, RATE, subtype="FLOAT")
    everything = np.concatenate(list(parts.values()))
    soundfile.write(folder / "all.wav", everything, RATE, subtype="FLOAT")
    soundfile.write(folder / "short.wav", everything[:RATE], RATE)
    soundfile.write(folder / "silent.wav", np.zeros(5 * RATE), RATE)
    return folder


def ask(classifier: Classifier, path: Path, known: Adaptation | None = None) -> Any:
    return classifier.probabilities(*speech_features(path, classifier), known)


def test_a_voice_is_learnt_from_a_recording(classifier: Classifier, folder: Path) -> None:
    known = adapt([folder / "all.wav"], classifier)
    expected = classifier.adapt(*speech_features(folder / "all.wav", classifier))
    assert expected is not None
    assert known.offset == pytest.approx(expected.offset)
    assert (known.voice is None) == (not classifier.reads_functionals)
    before, after = (ask(classifier, folder / "all.wav", k) for k in (None, known))
    assert after.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(after - before).max() > 0.01


def test_several_recordings_are_one_voice(classifier: Classifier, folder: Path) -> None:
    paths = [folder / f"{emotion}.wav" for emotion in EMOTIONS]
    known = adapt(paths, classifier)
    parts = [speech_features(path, classifier) for path in paths]
    x, functionals = (np.concatenate(part) for part in zip(*parts, strict=True))
    expected = classifier.adapt(x, functionals)
    assert expected is not None
    assert known.offset == pytest.approx(expected.offset)
    # From one emotion alone another voice is learnt.
    assert np.abs(adapt(paths[:1], classifier).offset - known.offset).max() > 0.1


def test_the_beginning_can_be_enough(classifier: Classifier, folder: Path) -> None:
    short = adapt([folder / "all.wav"], classifier, seconds=3)
    expected = classifier.adapt(*speech_features(folder / "all.wav", classifier, seconds=3))
    assert expected is not None
    assert short.offset == pytest.approx(expected.offset)


def test_too_little_speech(classifier: Classifier, folder: Path) -> None:
    with pytest.raises(
        AudioError, match=r"short\.wav: too little speech: 1 windows.*half a minute"
    ):
        adapt([folder / "short.wav"], classifier)
    with pytest.raises(AudioError, match=r"short\.wav and 1 more: too little speech: 2 windows"):
        adapt([folder / "short.wav", folder / "short.wav"], classifier)
    # Together they may be enough.
    assert adapt([folder / "short.wav"] * MIN_CLIPS, classifier) is not None
    with pytest.raises(AudioError, match=r"silent\.wav: has no speech"):
        adapt([folder / "all.wav", folder / "silent.wav"], classifier)
    with pytest.raises(AudioError, match=r"none\.wav: does not exist"):
        adapt([folder / "none.wav"], classifier)


def test_enrolled_speech_moves_the_answer(classifier: Classifier, folder: Path) -> None:
    path = folder / "all.wav"
    known = adapt([path], classifier)
    for before in (None, known):
        for place, emotion in enumerate(classifier.labels):
            # Whatever it is really: this voice is said to sound so.
            enrolled = enrol([(emotion, folder / "neutral.wav")], classifier, before)
            chances = [ask(classifier, path, k)[:, place].mean() for k in (before, enrolled)]
            assert chances[1] > chances[0] - 1e-6
            assert chances[1] > chances[0] + 0.01 or emotion == "neutral"
            assert enrolled.voice is (None if before is None else before.voice)


def test_enrolled_truth_does_no_harm(classifier: Classifier, folder: Path) -> None:
    pairs = [(emotion, folder / f"{emotion}.wav") for emotion in EMOTIONS]
    enrolled = enrol(pairs, classifier)
    right = [
        (ask(classifier, path, known).argmax(axis=1) == classifier.labels.index(emotion)).mean()
        for known in (None, enrolled)
        for emotion, path in pairs
    ]
    assert np.mean(right[3:]) >= np.mean(right[:3]) - 0.01
    assert np.mean(right[3:]) > 0.7


def test_emotions_that_the_model_does_not_know(classifier: Classifier, folder: Path) -> None:
    check_emotions(["sad", "angry"], classifier)
    with pytest.raises(ParameterError, match=r"enrol=boredom: .* use one of neutral, sad, angry"):
        check_emotions(["sad", "boredom"], classifier)
    # Before anything is read.
    with pytest.raises(ParameterError, match="boredom"):
        enrol([("boredom", folder / "none.wav")], classifier)
