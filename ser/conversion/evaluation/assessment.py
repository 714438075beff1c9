"""Assessment of converted recordings by the classifiers and distances of one fold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ser.conversion.evaluation.classifiers import CLASSIFIERS, EvaluationClassifiers
from ser.conversion.evaluation.distances import Distance, measure_distances
from ser.conversion.evaluation.recordings import (
    ConvertedRecording,
    EvaluationTask,
    ReferenceRecording,
    build_tasks,
    find_targets,
)
from ser.conversion.evaluation.sentences import recognize_sentences
from ser.conversion.evaluation.speakers import SpeakerClassifier
from ser.conversion.pairs import NEUTRAL

# Templates per sentence, and of all sentences: with hundreds of sentences, there are one or two per
# sentence.
_TEMPLATES = 10
_ALL_TEMPLATES = 200


@dataclass(frozen=True, slots=True)
class Assessment:
    """The assessment of one converted recording.

    Attributes:
        speaker: The speaker of the source.
        emotion: The target emotion.
        intensity: The target intensity; empty for neutral.
        predicted_emotions: The emotion that each classifier predicts, by its name.
        predicted_speaker: The speaker that the speaker classifier predicts.
        text: The sentence of the source.
        predicted_text: The sentence that is recognized.
        distances: To every real recording of the target but those that it was made of.
    """

    speaker: str
    emotion: str
    intensity: str
    predicted_emotions: Mapping[str, str]
    predicted_speaker: str
    text: str
    predicted_text: str
    distances: tuple[Distance, ...]


class FoldEvaluator:
    """The emotion, speaker and sentence classifiers of one fold.

    Args:
        recordings: All real recordings of the fold's speakers.
        classifiers: Some of `ser.conversion.evaluation.classifiers.CLASSIFIERS`.
    """

    def __init__(
        self,
        recordings: Sequence[ReferenceRecording],
        classifiers: Sequence[str] = tuple(CLASSIFIERS),
    ) -> None:
        self.recordings = tuple(recordings)
        self.classifiers = EvaluationClassifiers(recordings, classifiers)
        self.speakers = SpeakerClassifier(recordings)

    def tasks(self) -> list[EvaluationTask]:
        """Builds the tasks of the fold: every neutral recording in every emotion."""
        return build_tasks(self.recordings)

    def unconverted(self, tasks: Sequence[EvaluationTask]) -> list[ConvertedRecording]:
        """Gives the source recordings as they are, a lower bound."""
        return [
            ConvertedRecording(task, self.recordings[task.source].measures, (task.source,))
            for task in tasks
        ]

    def real_targets(self, tasks: Sequence[EvaluationTask]) -> list[ConvertedRecording]:
        """Gives the real recordings of the targets, an upper bound; of the same take if any."""
        found = [(task, find_targets(self.recordings, task)) for task in tasks]
        return [
            ConvertedRecording(task, self.recordings[targets[0]].measures, (targets[0],))
            for task, targets in found
            if targets
        ]

    def assess(self, outputs: Sequence[ConvertedRecording]) -> list[Assessment]:
        """Assesses converted recordings, in their order."""
        clips = [output.measures for output in outputs]
        sources = [self.recordings[output.task.source] for output in outputs]
        speakers = [source.speaker for source in sources]
        texts = [source.text for source in sources]
        emotions = self.classifiers.predict(clips, sources)
        predicted_speakers = self.speakers.predict(
            clips, [output.task.emotion for output in outputs], texts
        )
        predicted_texts = self._recognize_texts(outputs, speakers)
        distances = self._measure_distances(outputs)
        return [
            Assessment(
                speaker=speakers[i],
                emotion=output.task.emotion,
                intensity=output.task.intensity,
                predicted_emotions={name: emotions[name][i] for name in emotions},
                predicted_speaker=predicted_speakers[i],
                text=texts[i],
                predicted_text=predicted_texts[i],
                distances=distances[i],
            )
            for i, output in enumerate(outputs)
        ]

    def _recognize_texts(
        self, outputs: Sequence[ConvertedRecording], speakers: Sequence[str]
    ) -> list[str]:
        texts = [""] * len(outputs)
        for speaker in sorted(set(speakers)):
            own = [i for i, name in enumerate(speakers) if name == speaker]
            templates = self._templates(speaker)
            recognized = recognize_sentences(
                [outputs[i].measures for i in own],
                [template.measures for template in templates],
                [template.text for template in templates],
            )
            for i, text in zip(own, recognized, strict=True):
                texts[i] = text
        return texts

    def _templates(self, speaker: str) -> list[ReferenceRecording]:
        """Gives neutral recordings of other speakers, equally many of each sentence."""
        found: dict[str, list[ReferenceRecording]] = defaultdict(list)
        for recording in self.recordings:
            if recording.speaker != speaker and recording.emotion == NEUTRAL:
                found[recording.text].append(recording)
        count = max(1, min(_TEMPLATES, _ALL_TEMPLATES // max(1, len(found))))
        return [recording for group in found.values() for recording in group[:count]]

    def _measure_distances(
        self, outputs: Sequence[ConvertedRecording]
    ) -> list[tuple[Distance, ...]]:
        pairs = [
            (i, target)
            for i, output in enumerate(outputs)
            for target in find_targets(self.recordings, output.task)
            # The distance to what it was made of says nothing.
            if target not in output.made_of and target != output.task.source
        ]
        measured = measure_distances(
            [outputs[i].measures for i, _ in pairs],
            [self.recordings[target].measures for _, target in pairs],
        )
        distances: list[list[Distance]] = [[] for _ in outputs]
        for (i, _), distance in zip(pairs, measured, strict=True):
            distances[i].append(distance)
        return [tuple(group) for group in distances]
