"""Which recordings are sources and targets of each other."""

from __future__ import annotations

import pytest

from ser.conversion.evaluation.recordings import (
    EvaluationTask,
    ReferenceRecording,
    build_tasks,
    find_targets,
    number_takes,
)


def test_equal_keys_are_takes() -> None:
    assert number_takes(["a", "b", "a", "c", "a", "b"]) == [0, 0, 1, 0, 2, 1]


def test_every_neutral_recording_is_asked_for_in_everything(
    recordings: list[ReferenceRecording],
) -> None:
    tasks = build_tasks(recordings)
    sources = {task.source for task in tasks}
    assert {recordings[source].emotion for source in sources} == {"neutral"}
    assert len(sources) == 16
    assert len(tasks) == 16 * 3
    asked = [(task.emotion, task.intensity) for task in tasks if task.source == tasks[0].source]
    assert asked == [("neutral", ""), ("sad", "strong"), ("angry", "strong")]


@pytest.mark.parametrize(
    ("emotion", "intensity", "strength"),
    [("neutral", "", 1.0), ("sad", "strong", 1.0), ("sad", "normal", 0.4), ("sad", "", 0.7)],
)
def test_intensities_are_numbers_for_engines(emotion: str, intensity: str, strength: float) -> None:
    assert EvaluationTask(0, emotion, intensity).strength == strength


def test_targets_are_all_takes_and_the_sources_own_first(
    recordings: list[ReferenceRecording],
) -> None:
    source = next(i for i, r in enumerate(recordings) if r.emotion == "neutral" and r.take == 1)
    found = [
        recordings[i] for i in find_targets(recordings, EvaluationTask(source, "angry", "strong"))
    ]
    assert [r.take for r in found] == [1, 0]
    assert {(r.speaker, r.text, r.emotion) for r in found} == {
        (recordings[source].speaker, recordings[source].text, "angry")
    }
