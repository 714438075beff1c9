"""One line of a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """The emotion of one stretch of a recording.

    Attributes:
        file: The recording's path as the user gave it, or ``-``.
        start: Seconds from the start of the file.
        end: Seconds from the start of the file.
        emotion: The most probable label.
        confidence: Its probability, 0 to 1.
        probabilities: The probability of every label of the model, in the model's order.
    """

    file: str
    start: float
    end: float
    emotion: str
    confidence: float
    probabilities: Mapping[str, float]
