"""Modifications of a phrase: the output of every engine, and the input of synthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ser.arrays import Matrix, Vector
from ser.conversion.contours import SPEC, Contours
from ser.errors import ParameterError, choose_from
from ser.features.spec import FeatureSpec

MAX_INTENSITY = 1.5
"""The largest intensity: one and a half times that of actors' strong recordings."""


@dataclass(frozen=True, slots=True, eq=False)
class Modification:
    """Changes of F0, spectral envelope and timing, for each frame of the source.

    Attributes:
        pitch: Semitones to add to F0, shape (frames,); without effect in unvoiced frames.
        gain: Decibels to add to the mel bands, including the level, shape (frames, 80).
        stretch: How many times as long each frame becomes, shape (frames,).
    """

    pitch: Vector
    gain: Matrix
    stretch: Vector

    def __len__(self) -> int:
        """Gives the number of frames."""
        return len(self.pitch)

    @property
    def is_identity(self) -> bool:
        """Whether nothing is changed."""
        return not (self.pitch.any() or self.gain.any() or (self.stretch != 1).any())


def identity_modification(frames: int, spec: FeatureSpec = SPEC) -> Modification:
    """Makes a modification that changes nothing."""
    return Modification(
        np.zeros(frames, np.float32),
        np.zeros((frames, spec.n_mels), np.float32),
        np.ones(frames, np.float32),
    )


class Converter(Protocol):
    """An engine of emotion conversion.

    Attributes:
        emotions: The target emotions that it knows.
    """

    emotions: tuple[str, ...]

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Computes the modification of a phrase for a target emotion.

        Args:
            contours: The phrase.
            to: The target emotion, one of `emotions`.
            intensity: 0 changes nothing, 1 is an actor's strong recording, up to
                `MAX_INTENSITY`.
            source: The emotion of the phrase, where known. If it is `to`, nothing is changed.

        Returns:
            The modification of each frame.

        Raises:
            ParameterError: The emotion is not one of `emotions`.
        """


def check_emotion(to: str, emotions: Sequence[str]) -> None:
    """Checks that a target emotion is one of an engine's.

    Raises:
        ParameterError: It is not.
    """
    if to not in emotions:
        cause = "is not an emotion that the model makes"
        raise ParameterError("to", cause, choose_from(to, emotions), to)
