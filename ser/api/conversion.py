"""Conversion of a recording to another emotion: `translate`."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from ser.api.arguments import check_choice
from ser.api.sources import Recording, as_source
from ser.arrays import Samples
from ser.conversion.converter import EngineName
from ser.conversion.jobs import convert_speech, write_speech
from ser.conversion.knobs import ADJUSTED, Knobs
from ser.conversion.loudness import Loudness
from ser.io.roles import refuse_overwriting
from ser.models.backend import Device


def translate(
    source: Recording,
    to: str | None = None,
    *,
    sample_rate: int | None = None,
    intensity: float = 1.0,
    source_emotion: str | None = None,
    output: str | Path | None = None,
    engine: EngineName = "auto",
    model: str | Path | None = None,
    device: Device = "auto",
    loudness: Loudness = "keep",
    pitch: float = 0.0,
    range: float = 1.0,
    rate: float = 1.0,
    tilt: float = 0.0,
    level: float = 0.0,
    pauses: float = 1.0,
) -> tuple[Samples, int]:
    """Converts a recording to another emotion, as ``ser-translate`` does.

    Words, voice, sample rate and channels stay. The result is synthetic speech.

    Args:
        source: The recording: a path, a URL, an open binary file, or samples: an array of shape
            (samples,) or (samples, channels), with `sample_rate`, or as a pair with their rate.
        to: The target emotion, such as ``"angry"``; None for none, where numbers alone change the
            voice.
        sample_rate: Of an array, in hertz.
        intensity: 0 changes nothing, 0.4 is an actor's normal recording, 1 a strong one, and 1.5
            the most.
        source_emotion: The emotion of the recording, where it is known; ``"auto"`` has a classifier
            recognize it in each phrase. What has the target emotion already stays as it is.
        output: Also write the result to this file; its ending says the format.
        engine: ``"network"``, ``"rules"``, or ``"auto"``: the network where the model has one.
        model: The path of a conversion model; None for the one that ships with the package.
        device: Where networks run: ``"cpu"``, ``"gpu"`` or ``"auto"``.
        loudness: ``"keep"`` for the source's integrated loudness, ``"actor"`` for the change of
            level that actors make, or LUFS (ITU-R BS.1770), such as -23.
        pitch: Semitones by which F0 rises, on top of the emotion, as all that follows.
        range: Factor of the range of F0.
        rate: Factor of the speaking rate.
        tilt: Decibels by which 4 kHz rise over 500 Hz.
        level: Decibels by which the result is louder.
        pauses: Factor of the length of pauses.

    Returns:
        The samples, float32 within -1 to 1, shape (samples,) for a recording of one channel and
        (samples, channels) otherwise; and their rate in hertz, which is that of the source.

    Raises:
        AudioError: The recording cannot be read, or the result not written.
        OverwritingError: The result would replace the recording.
        ParameterError: There is no such engine or device.
        LabelError: An emotion is unknown.
        SerError: The model does not make the emotion, or the intensity is out of its range.

    Examples:
        >>> import numpy as np
        >>> samples, rate = translate(np.zeros(8_000, np.float32), "sad", sample_rate=16_000)
        >>> samples.shape, rate
        ((8000,), 16000)
    """
    check_choice("engine", engine, get_args(EngineName))
    check_choice("device", device, get_args(Device))
    if output is not None:
        refuse_overwriting(output, source)
    samples, hertz = convert_speech(
        as_source(source, sample_rate),
        to,
        intensity=intensity,
        source_emotion=source_emotion,
        engine=engine,
        model=model,
        device=device,
        loudness=loudness,
        knobs=Knobs(pitch, range, rate, tilt, level, pauses),
    )
    if output is not None:
        write_speech(Path(output), samples, hertz, to or ADJUSTED)
    return samples, hertz
