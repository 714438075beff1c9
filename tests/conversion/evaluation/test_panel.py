"""Everybody who judges a fold."""

from __future__ import annotations

import pytest

from ser.conversion.evaluation.panel import FoldEvaluator
from ser.conversion.evaluation.recordings import ReferenceRecording


@pytest.fixture(scope="module")
def panel(recordings: list[ReferenceRecording]) -> FoldEvaluator:
    return FoldEvaluator(recordings, ("prosody", "bands"))


def test_who_does_nothing_is_heard_as_neutral_with_all_words(panel: FoldEvaluator) -> None:
    answers = panel.answer(panel.untouched(panel.tasks()))
    assert [answer.predicted_emotions["prosody"] for answer in answers].count(
        "neutral"
    ) > 0.8 * len(answers)
    assert [answer.text == answer.predicted_text for answer in answers].count(True) > 40
    angry = [answer for answer in answers if answer.emotion == "angry"]
    # Two takes of the real target; of what is neutral, the source itself is no target.
    assert {len(answer.distances) for answer in angry} == {2}
    neutral = [answer for answer in answers if answer.emotion == "neutral"]
    assert {len(answer.distances) for answer in neutral} == {1}


def test_real_targets_are_what_was_asked_for(panel: FoldEvaluator) -> None:
    outputs = panel.real(panel.tasks())
    for output in outputs:
        (made_of,) = output.made_of
        target, source = panel.recordings[made_of], panel.recordings[output.task.source]
        assert (target.speaker, target.text) == (source.speaker, source.text)
        assert (target.emotion, target.take) == (output.task.emotion, source.take)
    answers = panel.answer(outputs)
    right = [answer.emotion == answer.predicted_emotions["prosody"] for answer in answers]
    assert right.count(True) > 0.8 * len(right)
    # The other take alone: how far an actor is from himself.
    assert {len(answer.distances) for answer in answers} == {1}
    assert all(distance.duration < 0.5 for answer in answers for distance in answer.distances)
