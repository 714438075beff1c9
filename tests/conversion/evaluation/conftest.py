"""Synthetic voices as the evaluation hears them."""

from __future__ import annotations

import pytest
from speech import render

from benchmarks.conversion.measures import measure_samples
from ser.conversion.evaluation.recordings import ReferenceRecording

EMOTIONS = ("neutral", "sad", "angry")
SPEAKERS = ("01", "02", "03", "04")


@pytest.fixture(scope="session")
def recordings() -> list[ReferenceRecording]:
    """Four voices that say two sentences in three emotions, twice each: 48 clips. Read only."""
    return [
        ReferenceRecording(
            speaker,
            emotion,
            "normal" if emotion == "neutral" else "strong",
            f"{text:02d}",
            take,
            measure_samples(
                render(
                    emotion,
                    int(speaker),
                    seed=take,
                    seconds=1.5,
                    text=text,
                    intensity="strong",
                )
            ),
        )
        for speaker in SPEAKERS
        for emotion in EMOTIONS
        for text in (1, 2)
        for take in (0, 1)
    ]
