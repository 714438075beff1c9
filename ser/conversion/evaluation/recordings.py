"""Real recordings and what was made of them, as the evaluation sees them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.pairs import INTENSITIES, NEUTRAL, UNKNOWN_INTENSITY
from ser.corpora.base import Clip
from ser.labels import ordered


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceRecording:
    """A real clip.

    Attributes:
        speaker: Who speaks.
        emotion: How it is meant.
        intensity: As in tables: ``normal`` and ``strong`` in RAVDESS, empty where a corpus says
            nothing.
        text: The sentence.
        take: 0 for the first time that this speaker said so, 1 for the second.
        heard: What was measured.
    """

    speaker: str
    emotion: str
    intensity: str
    text: str
    take: int
    heard: ClipMeasures


@dataclass(frozen=True, slots=True)
class EvaluationTask:
    """What a translator is asked for.

    Attributes:
        source: Number of a recording.
        emotion: The emotion wanted.
        intensity: As a recording's; empty for neutral, which is one thing.
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
    """What came of a task.

    Attributes:
        task: What was asked for.
        heard: What was measured of the answer.
        made_of: Numbers of the recordings that are in it, with which it may not be compared.
    """

    task: EvaluationTask
    heard: ClipMeasures
    made_of: tuple[int, ...]


def takes(clips: Sequence[Clip]) -> list[int]:
    """Numbers the clips that say the same in the same way, in their order."""
    seen: dict[tuple[str, ...], int] = defaultdict(int)
    numbers = []
    for clip in clips:
        key = (clip.corpus, clip.speaker, clip.emotion, clip.intensity, clip.text)
        numbers.append(seen[key])
        seen[key] += 1
    return numbers


def build_tasks(
    recordings: Sequence[ReferenceRecording], source: str = NEUTRAL
) -> list[EvaluationTask]:
    """Asks for every emotion, as weak and as strong as there are recordings of it.

    Args:
        recordings: Real clips.
        source: The emotion of those that are to be changed.
    """
    manners = {
        (recording.emotion, "" if recording.emotion == NEUTRAL else recording.intensity)
        for recording in recordings
        if recording.emotion
    }
    emotions = ordered(emotion for emotion, _ in manners)
    wanted = sorted(manners, key=lambda manner: (emotions.index(manner[0]), manner[1]))
    return [
        EvaluationTask(number, *manner)
        for number, recording in enumerate(recordings)
        if recording.emotion == source
        for manner in wanted
    ]


def find_targets(recordings: Sequence[ReferenceRecording], task: EvaluationTask) -> list[int]:
    """Numbers the recordings of what a task asks for: same speaker, same sentence, all takes.

    The one with the source's own take comes first, where there is one.
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
