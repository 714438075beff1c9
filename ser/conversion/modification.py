"""What is to become of a phrase: what every engine says and the renderer does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC, Contours
from ser.features.spec import FeatureSpec

MAX_INTENSITY = 1.5
"""Half as much again as the strongest recordings of actors."""


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A value for each frame of the phrase as it was.

    Attributes:
        pitch: Semitones to add, shape (frames,); means nothing where there is no voice.
        gain: Decibels to add on the mel bands, level included, shape (frames, 80).
        stretch: How many times as long each frame becomes, shape (frames,).
    """

    pitch: Vector
    gain: Matrix
    stretch: Vector

    def __len__(self) -> int:
        """Gives the number of frames."""
        return len(self.pitch)

    @property
    def nothing(self) -> bool:
        """Whether the phrase stays as it is."""
        return not (self.pitch.any() or self.gain.any() or (self.stretch != 1).any())


def no_change(frames: int, spec: FeatureSpec = SPEC) -> Change:
    """Leaves a phrase as it is."""
    return Change(
        np.zeros(frames, np.float32),
        np.zeros((frames, spec.n_mels), np.float32),
        np.ones(frames, np.float32),
    )


class Converter(Protocol):
    """An engine: says how a phrase has to change for another emotion.

    Attributes:
        emotions: The emotions it can make.
    """

    emotions: tuple[str, ...]

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Change:
        """Says what is to become of a phrase.

        Args:
            contours: The phrase.
            to: An emotion of `emotions`.
            intensity: 0 changes nothing, 1 is as strong as an actor's strong recordings, up to
                `MAX_INTENSITY`.
            source: The emotion that it has, where known. It stays as it is where that is `to`.

        Returns:
            A value for each frame.

        Raises:
            SerError: The emotion is not one of `emotions`.
        """
