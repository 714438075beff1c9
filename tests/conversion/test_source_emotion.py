"""What a phrase was before: a classifier's opinion, where it is sure of one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from artifacts import with_card
from speech import render

from ser.conversion.source_emotion import SourceEmotionClassifier, open_source_classifier
from ser.errors import ArtifactError
from ser.inference.classifier import open_classifier
from ser.pretrained import DEFAULT_TRANSLATOR, SMALL_MODEL


@pytest.fixture(scope="module")
def phrase() -> np.ndarray:
    return np.asarray(render("neutral", 3, seed=0, text=1, sample_rate=16_000), np.float32)


def test_a_phrase_has_the_emotion_that_the_classifier_is_sure_of(phrase: np.ndarray) -> None:
    assert open_source_classifier(SMALL_MODEL)(phrase) == "neutral"


def test_a_doubtful_phrase_has_none(phrase: np.ndarray, tmp_path: Path) -> None:
    # A hundred times the temperature makes all emotions equally probable.
    copy = with_card(Path(shutil.copy(SMALL_MODEL, tmp_path)), temperature=100.0)
    assert open_source_classifier(copy)(phrase) is None


def test_all_of_a_phrase_is_heard(phrase: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_classifier(SMALL_MODEL)
    seen = []
    features = type(engine.extractor).prepare
    monkeypatch.setattr(
        type(engine.extractor),
        "prepare",
        lambda self, samples, **more: (
            seen.append(len(samples)),
            features(self, samples, **more),
        )[1],
    )
    SourceEmotionClassifier(engine)(phrase)
    assert sum(seen) == len(phrase) * engine.spec.sample_rate // 16_000


def test_a_translator_recognises_nothing() -> None:
    with pytest.raises(ArtifactError):
        open_source_classifier(DEFAULT_TRANSLATOR)
