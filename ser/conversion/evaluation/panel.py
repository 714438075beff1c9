"""Everybody who answers for one fold, and what they say of each output."""

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

# Recordings that stand for a sentence, and for all of them together: hundreds of sentences have to
# do with one or two each.
_TEMPLATES = 10
_ALL_TEMPLATES = 200


@dataclass(frozen=True, slots=True)
class Assessment:
    """What is said of one output.

    Attributes:
        speaker: Whose voice it should be.
        emotion: What was asked for.
        intensity: How strong; empty for neutral.
        predicted_emotions: The emotion that each judge hears, by the judge's name.
        predicted_speaker: Whose voice it is taken for.
        text: What it should say.
        predicted_text: What it is taken to say.
        distances: To every real recording of what was asked for but those that it was made of.
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
    """EvaluationClassifiers, speaker and sentence classifiers of one fold.

    Args:
        recordings: All real recordings of the fold's actors.
        judges: Some of `ser.conversion.evaluation.classifiers.CLASSIFIERS`.
    """

    def __init__(
        self, recordings: Sequence[ReferenceRecording], judges: Sequence[str] = tuple(CLASSIFIERS)
    ) -> None:
        self.recordings = tuple(recordings)
        self.judges = EvaluationClassifiers(recordings, judges)
        self.speakers = SpeakerClassifier(recordings)

    def tasks(self) -> list[EvaluationTask]:
        """Gives what translators are asked for: every neutral recording in every emotion."""
        return build_tasks(self.recordings)

    def untouched(self, tasks: Sequence[EvaluationTask]) -> list[ConvertedRecording]:
        """Gives what somebody makes who does nothing."""
        return [
            ConvertedRecording(task, self.recordings[task.source].heard, (task.source,))
            for task in tasks
        ]

    def real(self, tasks: Sequence[EvaluationTask]) -> list[ConvertedRecording]:
        """Gives what the actors made themselves, of the same take where there is one."""
        found = [(task, find_targets(self.recordings, task)) for task in tasks]
        return [
            ConvertedRecording(task, self.recordings[targets[0]].heard, (targets[0],))
            for task, targets in found
            if targets
        ]

    def answer(self, outputs: Sequence[ConvertedRecording]) -> list[Assessment]:
        """Says everything about outputs, in their order."""
        heard = [output.heard for output in outputs]
        sources = [self.recordings[output.task.source] for output in outputs]
        speakers = [source.speaker for source in sources]
        texts = [source.text for source in sources]
        predicted_emotions = self.judges.judge(heard, sources)
        named = self.speakers.predict(heard, [o.task.emotion for o in outputs], texts)
        said = self._said(outputs, speakers)
        apart = self._apart(outputs)
        return [
            Assessment(
                speaker=speakers[i],
                emotion=output.task.emotion,
                intensity=output.task.intensity,
                predicted_emotions={
                    name: predicted_emotions[name][i] for name in predicted_emotions
                },
                predicted_speaker=named[i],
                text=texts[i],
                predicted_text=said[i],
                distances=apart[i],
            )
            for i, output in enumerate(outputs)
        ]

    def _said(self, outputs: Sequence[ConvertedRecording], speakers: Sequence[str]) -> list[str]:
        said = [""] * len(outputs)
        for speaker in sorted(set(speakers)):
            own = [i for i, name in enumerate(speakers) if name == speaker]
            templates = self._templates(speaker)
            found = recognize_sentences(
                [outputs[i].heard for i in own],
                [template.heard for template in templates],
                [template.text for template in templates],
            )
            for i, text in zip(own, found, strict=True):
                said[i] = text
        return said

    def _templates(self, speaker: str) -> list[ReferenceRecording]:
        """Gives neutral recordings of other speakers, as many of each sentence."""
        found: dict[str, list[ReferenceRecording]] = defaultdict(list)
        for recording in self.recordings:
            if recording.speaker != speaker and recording.emotion == NEUTRAL:
                found[recording.text].append(recording)
        most = max(1, min(_TEMPLATES, _ALL_TEMPLATES // max(1, len(found))))
        return [recording for some in found.values() for recording in some[:most]]

    def _apart(self, outputs: Sequence[ConvertedRecording]) -> list[tuple[Distance, ...]]:
        pairs = [
            (i, target)
            for i, output in enumerate(outputs)
            for target in find_targets(self.recordings, output.task)
            # What it was made of says nothing about how near it came.
            if target not in output.made_of and target != output.task.source
        ]
        measured = measure_distances(
            [outputs[i].heard for i, _ in pairs],
            [self.recordings[target].heard for _, target in pairs],
        )
        found: list[list[Distance]] = [[] for _ in outputs]
        for (i, _), distance in zip(pairs, measured, strict=True):
            found[i].append(distance)
        return [tuple(some) for some in found]
