"""The emotion of a phrase before conversion: given, or recognized by a classifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ser.arrays import Samples
from ser.audio import reader
from ser.conversion.contours import SPEC
from ser.inference.classifier import Classifier, open_classifier

SourceEmotion = str | Callable[[Samples], str | None] | None
"""The emotion of the recording, None where it is not known, or a classifier of its phrases such as
`SourceEmotionClassifier`."""

# More probable than all other emotions together; probabilities are calibrated.
_MIN_PROBABILITY = 0.5


class SourceEmotionClassifier:
    """Recognizes the emotion of phrases.

    Args:
        engine: The classifier.
    """

    def __init__(self, engine: Classifier) -> None:
        self._engine = engine

    def __call__(self, samples: Samples) -> str | None:
        """Recognizes the emotion of a phrase.

        Args:
            samples: Shape (samples,), float32, at the rate of the preset ``translate``.

        Returns:
            The emotion, or None where no emotion is more probable than all others together.
        """
        # Imported here: `ser.inference.classification` imports windowing and process pools.
        from ser.inference.classification import classify

        resampled = reader.resample(samples, SPEC.sample_rate, self._engine.spec.sample_rate)
        (window,) = classify("", [resampled], [0.0], self._engine)
        return window.emotion if window.confidence > _MIN_PROBABILITY else None


def open_source_classifier(model: str | Path) -> SourceEmotionClassifier:
    """Opens a classifier for the emotion of phrases.

    Raises:
        ArtifactError: The artifact is no classifier, or cannot be opened.
    """
    return SourceEmotionClassifier(open_classifier(model))
