"""The emotion that a phrase has before it is changed: as told, or as a classifier hears it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ser.arrays import Samples
from ser.audio import reader
from ser.conversion.contours import SPEC
from ser.inference.engine import Engine, open_engine

Origin = str | Callable[[Samples], str | None] | None
"""An emotion, or None where it is not known, or what says so of each phrase: `Recogniser`."""

# More probable than everything else together; probabilities are calibrated.
_SURE = 0.5


class Recogniser:
    """Says which emotion a phrase has.

    Args:
        engine: The classifier.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, samples: Samples) -> str | None:
        """Listens to a phrase.

        Args:
            samples: Shape (samples,), float32, at the rate of the preset ``translate``.

        Returns:
            The emotion, or None where none is more probable than all others together.
        """
        # Only where somebody asks: `ser.inference.recognizer` brings windows and processes along.
        from ser.inference.recognizer import classify

        heard = reader.resample(samples, SPEC.sample_rate, self._engine.spec.sample_rate)
        (window,) = classify("", [heard], [0.0], self._engine)
        return window.emotion if window.confidence > _SURE else None


def open_recogniser(model: str | Path) -> Recogniser:
    """Opens a classifier that says which emotion phrases have.

    Raises:
        ArtifactError: The artifact is no classifier, or cannot be opened.
    """
    return Recogniser(open_engine(model))
