"""Small tables of synthetic speech that translation learns from: the same sentences, emotions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from speech import render

from ser.dataset.table import Table, record_dtype
from ser.features.extract import Extractor
from ser.features.spec import PRESETS

EMOTIONS = ("neutral", "sad", "angry")

SPEC = PRESETS["translate"]


def sentence_table(
    speakers: Sequence[int] = (1, 2), takes: int = 2, seconds: float = 0.6, texts: int = 1
) -> Table:
    """Speakers are called 01, 02 and so on; each says each sentence in each of `EMOTIONS`."""
    extract = Extractor(SPEC)
    clips = [
        (speaker, text, emotion, take)
        for speaker in speakers
        for text in range(1, texts + 1)
        for emotion in EMOTIONS
        for take in range(takes)
    ]
    found = [
        extract(render(emotion, speaker, seed=take, seconds=seconds, text=text, intensity="strong"))
        for speaker, text, emotion, take in clips
    ]
    table = np.zeros(len(clips), record_dtype(SPEC, max(map(len, found)), found[0].shape[1]))
    for record, matrix, (speaker, text, emotion, take) in zip(table, found, clips, strict=True):
        record["x"][: len(matrix)] = matrix
        record["frames"] = len(matrix)
        record["y"], record["text"] = emotion, str(text)
        record["speaker"], record["corpus"] = f"{speaker:02d}", "made"
        record["gender"] = "male" if speaker % 2 else "female"
        record["intensity"] = "normal" if emotion == "neutral" else "strong"
        record["path"] = f"{speaker:02d}/{text}-{emotion}-{take}.wav"
        record["duration"] = seconds
    return table
