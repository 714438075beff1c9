"""Assessment of conversions by the classifiers of a fold."""

from __future__ import annotations

import pytest

from ser.conversion.evaluation.assessment import FoldEvaluator
from ser.conversion.evaluation.recordings import ReferenceRecording


@pytest.fixture(scope="module")
def evaluator(recordings: list[ReferenceRecording]) -> FoldEvaluator:
    return FoldEvaluator(recordings, ("prosody", "bands"))


def test_unconverted_speech_is_neutral_with_all_words(evaluator: FoldEvaluator) -> None:
    answers = evaluator.assess(evaluator.unconverted(evaluator.tasks()))
    assert [answer.predicted_emotions["prosody"] for answer in answers].count(
        "neutral"
    ) > 0.8 * len(answers)
    assert [answer.text == answer.predicted_text for answer in answers].count(True) > 40
    angry = [answer for answer in answers if answer.emotion == "angry"]
    # Two takes of the real target; of what is neutral, the source itself is no target.
    assert {len(answer.distances) for answer in angry} == {2}
    neutral = [answer for answer in answers if answer.emotion == "neutral"]
    assert {len(answer.distances) for answer in neutral} == {1}


def test_real_targets_are_what_was_asked_for(evaluator: FoldEvaluator) -> None:
    outputs = evaluator.real_targets(evaluator.tasks())
    for output in outputs:
        (made_of,) = output.made_of
        target, source = evaluator.recordings[made_of], evaluator.recordings[output.task.source]
        assert (target.speaker, target.text) == (source.speaker, source.text)
        assert (target.emotion, target.take) == (output.task.emotion, source.take)
    answers = evaluator.assess(outputs)
    right = [answer.emotion == answer.predicted_emotions["prosody"] for answer in answers]
    assert right.count(True) > 0.8 * len(right)
    # The other take alone: how far an actor is from himself.
    assert {len(answer.distances) for answer in answers} == {1}
    assert all(distance.duration < 0.5 for answer in answers for distance in answer.distances)
