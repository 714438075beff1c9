"""Phrases and tables of the preset ``translate`` made of numbers, with a pitch that is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ser.conversion.contours import Contours
from ser.dataset.table import Table, record_dtype
from ser.features import banks
from ser.features.spec import PRESETS

SPEC = PRESETS["translate"]
BANDS = SPEC.n_mels


def contours(
    frames: int = 120,
    *,
    middle: float = 85.0,
    span: float = 4.0,
    gain: Any = 0.0,
    voiced: float = 0.6,
    seed: int = 0,
) -> Contours:
    """A phrase whose pitch rises in a straight line while it is voiced, with pauses at both ends.

    Args:
        frames: How many.
        middle: The median pitch in semitones over 1 Hz.
        span: Semitones from its first to its last.
        gain: Decibels that the envelope is moved by where somebody speaks.
        voiced: The part of the frames with a voice.
        seed: Of the envelope's shape and the noise.
    """
    random = np.random.default_rng(seed)
    spoken = round(frames * voiced)
    first = (frames - spoken) // 2
    inside = slice(first, first + spoken)
    pitch = np.full(frames, middle - span / 2, np.float32)
    pitch[inside] = middle + span * np.linspace(-0.5, 0.5, spoken)
    pitch[first + spoken :] = middle + span / 2
    shape = np.cumsum(random.normal(0, 1, BANDS))
    bands = random.normal(0, 0.3, (frames, BANDS)) - 70
    bands[inside] = shape - 30 + gain + random.normal(0, 0.3, (spoken, BANDS))
    flags = np.zeros(frames, bool)
    flags[inside] = True
    cepstrum = bands @ banks.dct_basis(SPEC.n_mfcc, BANDS).T
    return Contours(
        cepstrum.astype(np.float32),
        pitch,
        flags,
        (bands * np.log(10) / 10).astype(np.float32),
    )


def matrix_of(phrase: Contours) -> np.ndarray:
    """Puts contours into the columns of a table."""
    pitch = np.stack([phrase.pitch, phrase.voiced], axis=1)
    return np.concatenate([phrase.cepstrum, pitch, phrase.logmel], axis=1)


def parallel_table(
    manners: Mapping[tuple[str, str], Mapping[str, Any]], *, speakers: int = 3, texts: int = 2
) -> Table:
    """Speakers who say the same sentences in every manner, each with a voice of their own.

    Args:
        manners: For each emotion and intensity what is different from neutral: ``pitch`` in
            semitones, ``span`` and ``stretch`` as factors, ``gain`` in decibels.
        speakers: How many.
        texts: How many sentences each says.
    """
    rows = [
        (speaker, text, style, manner)
        for speaker in range(1, speakers + 1)
        for text in range(1, texts + 1)
        for style, manner in manners.items()
    ]
    table = np.zeros(len(rows), record_dtype(SPEC, 200, SPEC.n_mfcc + 2 + BANDS))
    for record, (speaker, text, (emotion, intensity), manner) in zip(table, rows, strict=True):
        phrase = contours(
            round(100 * manner.get("stretch", 1.0)),
            middle=80.0 + speaker + manner.get("pitch", 0.0),
            span=4.0 * manner.get("span", 1.0),
            gain=manner.get("gain", 0.0),
            seed=speaker,
        )
        matrix = matrix_of(phrase)
        record["x"][: len(matrix)] = matrix
        record["frames"] = len(matrix)
        record["y"], record["intensity"], record["text"] = emotion, intensity, str(text)
        record["speaker"], record["corpus"] = f"{speaker:02d}", "made"
        record["path"] = f"{speaker:02d}/{text}-{emotion}-{intensity}.wav"
    return table
