"""EvaluationClassifiers: they know emotions of voices that they have not heard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from speech import render

from benchmarks.conversion.folds import FOLDS
from benchmarks.conversion.measures import SAMPLE_RATE, measure_samples
from benchmarks.conversion.outputs import reference_recordings
from ser.audio import reader
from ser.conversion.evaluation.classifiers import CLASSIFIERS, EvaluationClassifiers
from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.corpora.registry import find_clips

LEVEL_INDEPENDENT = ("timbre", "bands")
"""The classifiers that are independent of the level."""


@pytest.fixture(scope="module")
def classifiers(recordings: list[ReferenceRecording]) -> EvaluationClassifiers:
    return EvaluationClassifiers(recordings)


def test_distinct_emotions_are_recognized(
    classifiers: EvaluationClassifiers, recordings: list[ReferenceRecording]
) -> None:
    answers = classifiers.predict([r.measures for r in recordings], recordings)
    truth = [r.emotion for r in recordings]
    assert list(answers) == list(CLASSIFIERS)
    for name, found in answers.items():
        assert np.mean([a == b for a, b in zip(found, truth, strict=True)]) > 0.8, name


@pytest.mark.parametrize("decibels", [10.0, -10.0])
def test_a_gain_changes_no_prediction_of_level_independent_classifiers(
    classifiers: EvaluationClassifiers, recordings: list[ReferenceRecording], decibels: float
) -> None:
    source = next(r for r in recordings if r.speaker == "03")
    clips = [
        render(emotion, 3, seed=9, seconds=1.2, intensity=intensity)
        for emotion in ("neutral", "sad", "angry", "happy")
        for intensity in ("normal", "strong")
    ]
    gain = np.float32(10 ** (decibels / 20))
    plain, changed = (
        classifiers.predict(
            [measure_samples(clip * factor) for clip in clips], [source] * len(clips)
        )
        for factor in (np.float32(1), gain)
    )
    for name in LEVEL_INDEPENDENT:
        assert plain[name] == changed[name]


def test_classifiers_are_not_trained_on_the_speaker_whom_they_classify(
    recordings: list[ReferenceRecording],
) -> None:
    # With speakers as classes, a speaker who is not in the training data is never predicted.
    by_speaker = [replace(r, emotion=f"speaker {r.speaker}") for r in recordings]
    predictions = EvaluationClassifiers(by_speaker).predict(
        [r.measures for r in by_speaker], by_speaker
    )
    assert list(predictions) == list(CLASSIFIERS)
    for name, predicted in predictions.items():
        own = [speaker == r.emotion for speaker, r in zip(predicted, by_speaker, strict=True)]
        assert not any(own), name


@pytest.mark.corpora
def test_emotions_of_real_actors_are_recognized_far_above_chance(corpora: Path) -> None:
    listing = find_clips([corpora / "ravdess"], "ravdess", channel="speech")
    actors = FOLDS[0][:4]
    clips = [
        clip
        for clip in listing.clips
        if clip.speaker in actors and (clip.intensity == "strong" or clip.emotion == "neutral")
    ]
    real = reference_recordings(
        clips, [measure_samples(reader.read(c.path, SAMPLE_RATE)) for c in clips]
    )
    answers = EvaluationClassifiers(real).predict([r.measures for r in real], real)
    for name, found in answers.items():
        right = np.mean([a == r.emotion for a, r in zip(found, real, strict=True)])
        # Of eight emotions one is guessed in eight.
        assert right > 0.35, name
