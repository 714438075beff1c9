"""What is known of a voice before its recording is analysed, from speech of the same voice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.errors import AudioError, LabelError
from ser.features.prosody.speaker import FEWEST_CLIPS
from ser.inference.engine import Calibration, Engine
from ser.inference.recognizer import learn_speech

SELF_SECONDS = 300.0
"""How much of a recording a voice is learnt from."""


def calibrate(
    sources: Sequence[str | Path],
    engine: Engine,
    *,
    seconds: float = SELF_SECONDS,
    vad: bool = True,
) -> Calibration:
    """Learns a voice from unlabelled speech.

    Args:
        sources: Recordings of this one voice.
        engine: The classifier.
        seconds: How much of each is used.
        vad: Leave out where nobody speaks.

    Raises:
        AudioError: One cannot be decoded, or together they are too short.
    """
    parts = [learn_speech(source, engine, seconds=seconds, vad=vad) for source in sources]
    x, functionals = (np.concatenate(part) for part in zip(*parts, strict=True))
    known = engine.calibration(x, functionals)
    if known is None:
        raise AudioError(
            sources[0] if len(sources) == 1 else f"{sources[0]} and {len(sources) - 1} more",
            f"too little speech: {len(x)} windows, and a voice is learnt from {FEWEST_CLIPS} or "
            "more",
            "give half a minute of the voice at least",
        )
    return known


def check_emotions(emotions: Iterable[str], engine: Engine) -> None:
    """Makes sure that a model knows emotions, before any speech is read.

    Raises:
        LabelError: It does not know one of them.
    """
    for emotion in emotions:
        if emotion not in engine.labels:
            raise LabelError(
                emotion,
                f"is not among the model's labels ({', '.join(engine.labels)})",
                "enrol one of these",
            )


def enrol(
    labelled: Sequence[tuple[str, str | Path]],
    engine: Engine,
    calibration: Calibration | None = None,
    *,
    seconds: float = SELF_SECONDS,
    vad: bool = True,
) -> Calibration:
    """Learns from labelled speech which emotions of a voice the model is mistaken in.

    Args:
        labelled: Pairs of emotion and recording.
        engine: The classifier.
        calibration: What is known of the voice already.
        seconds: How much of each recording is used.
        vad: Leave out where nobody speaks.

    Raises:
        LabelError: The model does not know an emotion.
        AudioError: A recording cannot be decoded.
    """
    check_emotions((emotion for emotion, _ in labelled), engine)
    parts = [learn_speech(source, engine, seconds=seconds, vad=vad) for _, source in labelled]
    x, functionals = (np.concatenate(part) for part in zip(*parts, strict=True))
    emotions = [
        emotion
        for (emotion, _), part in zip(labelled, parts, strict=True)
        for _ in range(len(part[0]))
    ]
    return engine.enrolment(x, functionals, emotions, calibration)


# Whose voice a recording holds, as far as anybody has said.

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
    from ser.inference.adaptation import check_emotions

    check_emotions((emotion for emotion, _ in labelled), engine)
    if list(sources) == [OWN]:
        return Voices(own=True, labelled=tuple(labelled))
    return Voices(_learnt(sources, labelled, engine, vad))


def _learnt(
    speech: Sequence[str], labelled: Sequence[tuple[str, str]], engine: Engine, vad: bool
) -> Calibration | None:
    from ser.inference.adaptation import calibrate, enrol

    voice = calibrate(speech, engine, vad=vad) if speech else None
    return enrol(labelled, engine, voice, vad=vad) if labelled else voice
