"""Learning a voice from the windows of its recording."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from ser.errors import AudioError
from ser.inference.classifier import MIN_WINDOWS, Adaptation, Classifier, open_classifier
from ser.inference.voice import ADAPTATION_SECONDS, Reading, VoiceLearner, adapt_readings


@pytest.fixture(scope="module")
def classifier(lda_model: object) -> Classifier:
    return open_classifier(lda_model)


def readings(
    count: int, classifier: Classifier, *, hop: float = 3.0, silent: bool = False
) -> list[Reading]:
    rng = np.random.default_rng(0)
    size = len(classifier.labels)
    found = []
    for number in range(count):
        parts = 0 if silent else 1
        scores = rng.normal(2, 1, (parts, size))
        found.append(
            Reading(number * hop, number * hop + 3, np.full((parts, size), 1 / size), scores)
        )
    return found


def collect(
    source: Iterator[Reading] | list[Reading], classifier: Classifier, *, live: bool = False
) -> tuple[list[tuple[Reading, Adaptation | None]], list[Adaptation | None]]:
    said: list[Adaptation | None] = []
    learner = VoiceLearner(classifier)
    return list(adapt_readings(source, learner, live=live, on_adaptation=said.append)), said


def test_all_windows_of_a_short_recording_are_adapted_alike(classifier: Classifier) -> None:
    given = readings(8, classifier)
    found, (said,) = collect(given, classifier)
    assert [reading for reading, _ in found] == given
    assert said is not None
    assert said.speaker is not None
    assert said.speaker.clips == 8
    assert all(adaptation is said for _, adaptation in found)


def test_too_little_speech(classifier: Classifier) -> None:
    for given in (readings(MIN_WINDOWS - 1, classifier), readings(20, classifier, silent=True), []):
        found, said = collect(given, classifier)
        assert said == [None]
        assert [adaptation for _, adaptation in found] == [None] * len(given)


def test_the_first_minutes_are_learnt_from(classifier: Classifier) -> None:
    count = int(ADAPTATION_SECONDS / 3) + 40
    given = iter(readings(count, classifier))
    learner = VoiceLearner(classifier)
    found = adapt_readings(given, learner, live=False, on_adaptation=lambda adaptation: None)
    _, first = next(found)
    # What comes later has not been read yet.
    assert len(list(given)) == 40
    assert first is not None
    assert first.speaker is not None
    assert first.speaker.clips == int(ADAPTATION_SECONDS / 3)


def test_overlapping_windows_count_once(classifier: Classifier) -> None:
    _, (every,) = collect(readings(60, classifier, hop=0.3), classifier)
    assert every is not None
    assert every.speaker is not None
    # Every fifth window begins half a window later.
    assert every.speaker.clips == 12


def test_live_sound_is_adapted_as_it_goes(classifier: Classifier) -> None:
    given = readings(30, classifier)
    waiting = iter(given)
    learner = VoiceLearner(classifier)
    found = adapt_readings(waiting, learner, live=True, on_adaptation=lambda adaptation: None)
    for number, (reading, adaptation) in enumerate(found):
        assert reading is given[number]
        assert (adaptation is None) == (number + 1 < MIN_WINDOWS)
        if adaptation is not None and adaptation.speaker is not None:
            # Learnt anew whenever a tenth has been added.
            assert 0.9 * number <= adaptation.speaker.clips <= number + 1


def test_windows_before_a_defect_are_given(classifier: Classifier) -> None:
    def broken() -> Iterator[Reading]:
        yield from readings(5, classifier)
        raise AudioError("talk.wav", "breaks off", "repair it")

    learner = VoiceLearner(classifier)
    found = adapt_readings(broken(), learner, live=False, on_adaptation=lambda adaptation: None)
    for _ in range(5):
        assert next(found)[1] is not None
    with pytest.raises(AudioError, match="breaks off"):
        next(found)
