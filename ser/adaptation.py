"""What is known of a voice before its recording is analysed, from speech of the same voice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ser.analysis import learn_speech
from ser.engine import Calibration, Engine
from ser.errors import AudioError, LabelError
from ser.prosody.voice import FEWEST_CLIPS

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
