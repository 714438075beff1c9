"""Synthetic voices as the evaluation hears them."""

from __future__ import annotations

import pytest
from speech import render

from ser.conversion.evaluation.measures import hear
from ser.conversion.evaluation.recordings import Recording

EMOTIONS = ("neutral", "sad", "angry")
SPEAKERS = ("01", "02", "03", "04")


@pytest.fixture(scope="session")
def recordings() -> list[Recording]:
    """Four voices that say two sentences in three emotions, twice each: 48 clips. Read only."""
    return [
        Recording(
            speaker,
            emotion,
            "normal" if emotion == "neutral" else "strong",
            f"{text:02d}",
            take,
            hear(
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
