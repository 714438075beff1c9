"""A classifier and how it is used: clips, prediction sets, copies of the model."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import with_card
from windowed import RATE, classify, twelve_seconds, write

from ser.errors import ArtifactError
from ser.inference.classifier import open_classifier
from ser.inference.config import make_config
from ser.inference.recognizer import Recognizer
from ser.labels import NO_SPEECH

LEVELS = [round(1 - percent / 100, 2) for percent in range(1, 100)]
"""Thresholds that are easy to tell: that of a coverage is 1 minus it."""


@pytest.fixture(scope="module")
def speech() -> Any:
    return twelve_seconds()


@pytest.fixture
def promising(tiny_model: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copy(tiny_model, tmp_path / "promising.keras"))
    return with_card(copy, coverage={"plain": LEVELS, "adapted": [level / 2 for level in LEVELS]})


def test_a_clip_as_a_whole(tiny_model: Path, speech: Any) -> None:
    classifier = open_classifier(tiny_model)
    recognizer = Recognizer(classifier, make_config(classifier))
    found = recognizer.predict(speech[:RATE], RATE)
    assert list(found) == list(recognizer.labels)
    assert list(found.values()) == pytest.approx(classify(classifier, speech[:RATE]), abs=1e-6)


def test_sets_hold_what_reaches_the_threshold(promising: Path, speech: Any, tmp_path: Path) -> None:
    classifier = open_classifier(promising)
    path = write(tmp_path / "a.wav", np.concatenate([speech, np.zeros(3 * RATE, np.float32)]))
    config = make_config(classifier, coverage=0.7)
    windows = list(Recognizer(classifier, config).windows(path))
    sizes = set()
    for window in windows:
        if window.emotion == NO_SPEECH:
            assert window.prediction_set is None
            continue
        assert window.prediction_set is not None
        reached = {name for name, share in window.probabilities.items() if share >= 0.3}
        assert set(window.prediction_set) == reached
        sizes.add(len(reached))
    assert windows[-1].emotion == NO_SPEECH
    assert 1 in sizes
    without = replace(config, coverage=None)
    assert all(w.prediction_set is None for w in Recognizer(classifier, without).windows(path))


def test_sets_of_a_known_voice_have_its_threshold(
    promising: Path, speech: Any, tmp_path: Path
) -> None:
    classifier = open_classifier(promising)
    path = write(tmp_path / "a.wav", speech)
    known = make_config(classifier, coverage=0.7, adapt=[str(path)])
    for window in Recognizer(classifier, known).windows(path):
        reached = {name for name, share in window.probabilities.items() if share >= 0.15}
        assert set(window.prediction_set or ()) == reached


def test_a_promise_that_no_model_made_is_refused_at_once(tiny_model: Path) -> None:
    with pytest.raises(ArtifactError, match="cannot promise a coverage"):
        make_config(open_classifier(tiny_model), coverage=0.9)


def test_a_copy_of_the_model(tiny_model: Path, tmp_path: Path) -> None:
    classifier = open_classifier(tiny_model)
    Recognizer(classifier, make_config(classifier)).save(tmp_path / "copy.keras")
    assert (tmp_path / "copy.keras").read_bytes() == tiny_model.read_bytes()
