"""Real recordings, conversion tasks and converted recordings of an evaluation."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.pairs import INTENSITIES, NEUTRAL, UNKNOWN_INTENSITY
from ser.labels import ordered


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRecording:
    """A real recording.

    Attributes:
        speaker: The speaker.
        emotion: The intended emotion.
        intensity: As in tables: ``normal`` and ``strong`` in RAVDESS, empty where a corpus does not
            state it.
        text: The sentence.
        take: 0 for the first recording of this speaker, sentence, emotion and intensity, 1 for the
            second.
        measures: Of the recording.
    """

    speaker: str
    emotion: str
    intensity: str
    text: str
    take: int
    measures: ClipMeasures


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """A conversion to perform.

    Attributes:
        source: Number of the source recording.
        emotion: The target emotion.
        intensity: As of a recording; empty for neutral, which has one intensity.
    """

    source: int
    emotion: str
    intensity: str

    @property
    def strength(self) -> float:
        """The intensity as the number that an engine takes."""
        if self.emotion == NEUTRAL:
            return 1.0
        return INTENSITIES.get(self.intensity, UNKNOWN_INTENSITY)


@dataclass(frozen=True, slots=True, eq=False)
class ConvertedRecording:
    """The result of a task.

    Attributes:
        task: What was to be converted.
        measures: Of the result.
        made_of: Numbers of the recordings that it was made of, which it is not compared with.
    """

    task: EvaluationTask
    measures: ClipMeasures
    made_of: tuple[int, ...]


def number_takes(keys: Iterable[Hashable]) -> list[int]:
    """Numbers equal keys from 0, in their order."""
    counts: dict[Hashable, int] = defaultdict(int)
    numbers = []
    for key in keys:
        numbers.append(counts[key])
        counts[key] += 1
    return numbers


def build_tasks(
    recordings: Sequence[ReferenceRecording], source: str = NEUTRAL
) -> list[EvaluationTask]:
    """Builds tasks for every emotion and intensity that there are recordings of.

    Args:
        recordings: Real recordings.
        source: The emotion of the source recordings.
    """
    styles = {
        (recording.emotion, "" if recording.emotion == NEUTRAL else recording.intensity)
        for recording in recordings
        if recording.emotion
    }
    emotions = ordered(emotion for emotion, _ in styles)
    targets = sorted(styles, key=lambda style: (emotions.index(style[0]), style[1]))
    return [
        EvaluationTask(number, *style)
        for number, recording in enumerate(recordings)
        if recording.emotion == source
        for style in targets
    ]


def find_targets(recordings: Sequence[ReferenceRecording], task: EvaluationTask) -> list[int]:
    """Finds the real recordings of what a task asks for, of the same speaker and sentence.

    Returns:
        Their numbers, all takes; the take of the source first, where there is one.
    """
    source = recordings[task.source]
    found = [
        number
        for number, other in enumerate(recordings)
        if other.emotion == task.emotion
        and other.speaker == source.speaker
        and other.text == source.text
        and (task.emotion == NEUTRAL or other.intensity == task.intensity)
    ]
    return sorted(found, key=lambda number: recordings[number].take != source.take)
