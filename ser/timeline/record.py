"""One line of a timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ser.timeline.spoken import Spoken

NO_SPEECH = "no speech"
"""What stands for an emotion where nobody speaks."""

UNCERTAIN = "uncertain"
"""What stands for an emotion where the model is too little sure of any."""

NOT_EMOTIONS = frozenset({NO_SPEECH, UNCERTAIN})
"""What `Window.emotion` may hold beside the model's labels."""


@dataclass(frozen=True, slots=True)
class Window:
    """The emotion of one stretch of a recording.

    Attributes:
        file: The recording's path as the user gave it, or ``-``.
        start: Seconds from the start of the file.
        end: Seconds from the start of the file.
        emotion: The most probable label, `UNCERTAIN` or `NO_SPEECH`.
        confidence: The probability of the most probable label, 0 to 1; 0 where nobody speaks.
        probabilities: The probability of every label of the model, in the model's order; empty
            where nobody speaks.
        spoken: What was said, where that was listened to; see `ser.listening`.
    """

    file: str
    start: float
    end: float
    emotion: str
    confidence: float
    probabilities: Mapping[str, float]
    spoken: Spoken | None = None
