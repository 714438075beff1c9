"""Who says which emotion a clip has: classifiers on real recordings of unseen actors, one left out.

A judge of an actor is trained on the other actors of the same fold alone. So neither the judge nor
the translator has heard the actor, and nothing that the translator learnt from is in the judge: it
cannot have learnt to please it.

What each of them reads is relative to the voice (`ser.conversion.evaluation.speaker_norm`): to the
actor's real recordings, never to translated ones. It is how a listener hears who knows the voice,
and it makes up for the few actors that there are to learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.evaluation.speaker_norm import SpeakerNormalizer

SEED = 1


def _machine(size: int) -> Any:
    """A support vector machine (Cortes and Vapnik, 1995), every emotion with the same weight."""
    from sklearn.svm import SVC

    return SVC(C=3.0, gamma=0.3 / size, class_weight="balanced")


def _trees(size: int) -> Any:
    """Extremely randomised trees (Geurts, Ernst and Wehenkel, 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(
        200, min_samples_leaf=4, max_features=0.2, class_weight="balanced", random_state=SEED
    )


def _regression(size: int) -> Any:
    """Logistic regression, held back strongly."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.003, class_weight="balanced", max_iter=300)


Kind = tuple[Callable[[ClipMeasures], Matrix], Callable[[int], Any], str]

CLASSIFIERS: Mapping[str, Kind] = MappingProxyType(
    {
        "prosody": (
            lambda heard: heard.prosody,
            _machine,
            "support vector machine on prosodic functionals, level among them",
        ),
        "timbre": (
            lambda heard: heard.cepstra,
            _trees,
            "extra-trees on statistics of mel-frequency cepstra, deaf to level",
        ),
        "bands": (
            lambda heard: heard.bands,
            _regression,
            "logistic regression on statistics of mel bands, deaf to level",
        ),
    }
)
"""What each judge reads, what it is, and both in words."""


class EvaluationClassifiers:
    """The judges of one fold.

    Args:
        recordings: All real recordings of the fold's actors.
        names: Some of `CLASSIFIERS`.
    """

    def __init__(
        self, recordings: Sequence[ReferenceRecording], names: Sequence[str] = tuple(CLASSIFIERS)
    ) -> None:
        self.names = tuple(names)
        speakers = np.array([recording.speaker for recording in recordings])
        emotions = np.array([recording.emotion for recording in recordings])
        self._voices: dict[str, SpeakerNormalizer] = {}
        self._trained: dict[tuple[str, str], Any] = {}
        for name in self.names:
            read, make, _ = CLASSIFIERS[name]
            rows = np.stack([read(recording.heard) for recording in recordings])
            voices = self._voices[name] = SpeakerNormalizer(rows, recordings)
            relative = voices.relative(rows, recordings)
            for speaker in sorted(set(speakers.tolist())):
                others = speakers != speaker
                self._trained[name, speaker] = make(relative.shape[1]).fit(
                    relative[others], emotions[others]
                )

    def judge(
        self, heard: Sequence[ClipMeasures], sources: Sequence[ReferenceRecording]
    ) -> dict[str, list[str]]:
        """Says which emotion clips have.

        Args:
            heard: The clips.
            sources: What each was made of, or the recording itself: whose voice it has. It is
                predicted_emotions by whoever does not know that actor.

        Returns:
            For each judge an emotion per clip.
        """
        whose = np.array([source.speaker for source in sources])
        answers: dict[str, list[str]] = {}
        for name in self.names:
            read = CLASSIFIERS[name][0]
            rows = np.stack([read(clip) for clip in heard])
            relative = self._voices[name].relative(rows, sources)
            found: npt.NDArray[Any] = np.empty(len(heard), object)
            for speaker in sorted(set(whose.tolist())):
                own = whose == speaker
                found[own] = self._trained[name, speaker].predict(relative[own])
            answers[name] = [str(answer) for answer in found]
        return answers
