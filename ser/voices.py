"""Whose voice a recording holds, as far as anybody has said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ser.engine import Calibration, Engine

OWN = "self"
"""What stands for the recording itself among the recordings to learn a voice from."""


@dataclass(frozen=True, slots=True)
class Voices:
    """How each recording's voice becomes known.

    Attributes:
        known: What is known of the one voice in all recordings, or None.
        own: Each recording is calibrated by itself.
        labelled: Emotions, and recordings to enrol each voice with then.
    """

    known: Calibration | None = None
    own: bool = False
    labelled: tuple[tuple[str, str], ...] = ()

    def of(self, path: str, engine: Engine, *, vad: bool = True) -> Calibration | None:
        """Gives what is known of the voice in a recording.

        Args:
            path: Where it can be read.
            engine: The classifier.
            vad: Leave out where nobody speaks.

        Raises:
            SerError: There is too little speech to learn it from, or it cannot be read.
        """
        return _learnt([path], self.labelled, engine, vad) if self.own else self.known


def learn_voices(
    sources: Sequence[str], labelled: Sequence[tuple[str, str]], engine: Engine, *, vad: bool = True
) -> Voices:
    """Learns what can be learnt before the recordings are read.

    Args:
        sources: Recordings of the voice, or `OWN` alone.
        labelled: Emotions, and recordings of them.
        engine: The classifier.
        vad: Leave out where nobody speaks.

    Raises:
        SerError: A recording cannot be read, there is too little speech, or the model does not
            know an emotion.
    """
    if not sources and not labelled:
        return Voices()
    from ser.adaptation import check_emotions

    check_emotions((emotion for emotion, _ in labelled), engine)
    if list(sources) == [OWN]:
        return Voices(own=True, labelled=tuple(labelled))
    return Voices(_learnt(sources, labelled, engine, vad))


def _learnt(
    speech: Sequence[str], labelled: Sequence[tuple[str, str]], engine: Engine, vad: bool
) -> Calibration | None:
    from ser.adaptation import calibrate, enrol

    voice = calibrate(speech, engine, vad=vad) if speech else None
    return enrol(labelled, engine, voice, vad=vad) if labelled else voice
