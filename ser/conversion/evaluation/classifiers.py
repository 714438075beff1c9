"""Evaluation classifiers of emotion: trained on real recordings, one speaker left out.

The classifiers of a speaker are trained on the other speakers of the same fold alone. So neither
they nor the conversion model have seen the speaker, and the conversion model has not seen their
training data: it cannot be adapted to them.

Features are relative to the speaker's real recordings, never to converted ones
(`ser.conversion.evaluation.speaker_norm`), which makes up for the small number of speakers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from ser.arrays import Vector
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.evaluation.speaker_norm import SpeakerNormalizer

SEED = 1


class ClassifierKind(NamedTuple):
    """A kind of classifier.

    Attributes:
        features: Takes its features out of the measures of a clip.
        make: Makes an untrained classifier for a number of features.
        description: In words.
    """

    features: Callable[[ClipMeasures], Vector]
    make: Callable[[int], Any]
    description: str


def _support_vector_machine(size: int) -> Any:
    """A support vector machine (Cortes and Vapnik, 1995) with balanced classes."""
    from sklearn.svm import SVC

    return SVC(C=3.0, gamma=0.3 / size, class_weight="balanced")


def _extra_trees(size: int) -> Any:
    """Extremely randomized trees (Geurts, Ernst and Wehenkel, 2006)."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(
        200, min_samples_leaf=4, max_features=0.2, class_weight="balanced", random_state=SEED
    )


def _logistic_regression(size: int) -> Any:
    """Logistic regression with strong regularization."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.003, class_weight="balanced", max_iter=300)


CLASSIFIERS: Mapping[str, ClassifierKind] = MappingProxyType(
    {
        "prosody": ClassifierKind(
            lambda measures: measures.prosody,
            _support_vector_machine,
            "support vector machine on prosodic functionals, level among them",
        ),
        "timbre": ClassifierKind(
            lambda measures: measures.cepstra,
            _extra_trees,
            "extra-trees on statistics of mel-frequency cepstra, deaf to level",
        ),
        "bands": ClassifierKind(
            lambda measures: measures.bands,
            _logistic_regression,
            "logistic regression on statistics of mel bands, deaf to level",
        ),
    }
)
"""The evaluation classifiers of emotion."""


class EvaluationClassifiers:
    """The classifiers of one fold.

    Args:
        recordings: All real recordings of the fold's speakers.
        names: Some of `CLASSIFIERS`.
    """

    def __init__(
        self, recordings: Sequence[ReferenceRecording], names: Sequence[str] = tuple(CLASSIFIERS)
    ) -> None:
        self.names = tuple(names)
        speakers = np.array([recording.speaker for recording in recordings])
        emotions = np.array([recording.emotion for recording in recordings])
        self._normalizers: dict[str, SpeakerNormalizer] = {}
        self._trained: dict[tuple[str, str], Any] = {}
        for name in self.names:
            kind = CLASSIFIERS[name]
            rows = np.stack([kind.features(recording.measures) for recording in recordings])
            normalizer = self._normalizers[name] = SpeakerNormalizer(rows, recordings)
            normalized = normalizer.normalize(rows, recordings)
            for speaker in sorted(set(speakers.tolist())):
                others = speakers != speaker
                self._trained[name, speaker] = kind.make(normalized.shape[1]).fit(
                    normalized[others], emotions[others]
                )

    def predict(
        self, clips: Sequence[ClipMeasures], sources: Sequence[ReferenceRecording]
    ) -> dict[str, list[str]]:
        """Predicts the emotion of clips.

        Args:
            clips: Measures of the clips.
            sources: The recording that each was made of, or the clip's own. The clip is classified
                by the classifier that was not trained on this speaker.

        Returns:
            For each classifier an emotion per clip.
        """
        speakers = np.array([source.speaker for source in sources])
        predictions: dict[str, list[str]] = {}
        for name in self.names:
            rows = np.stack([CLASSIFIERS[name].features(clip) for clip in clips])
            normalized = self._normalizers[name].normalize(rows, sources)
            predicted = np.empty(len(clips), object)
            for speaker in sorted(set(speakers.tolist())):
                own = speakers == speaker
                predicted[own] = self._trained[name, speaker].predict(normalized[own])
            predictions[name] = [str(emotion) for emotion in predicted]
        return predictions
