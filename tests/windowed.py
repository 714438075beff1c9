"""Windows of a recording, as the classifier itself sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from speech import render
from spoken import EMOTIONS

from ser.features.extract import fit_frames
from ser.inference import classification
from ser.inference.classifier import Classifier
from ser.inference.windowing import FULL

RATE = 16_000


def analyze(*args: Any, vad: bool = False, **options: Any) -> Any:
    """Classifies every window, whatever is in it, unless a test is about speech."""
    time_range = options.pop("part", FULL)
    return classification.find_windows(
        *args, start=time_range.start, seconds=time_range.seconds, vad=vad, **options
    )


def twelve_seconds() -> Any:
    """Three emotions of four speakers, a second each."""
    parts = [
        render(emotion, speaker, seed=9, seconds=1.0, intensity="strong")
        for speaker in range(1, 5)
        for emotion in EMOTIONS
    ]
    return np.concatenate(parts)


def write(path: Path, samples: Any, rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def spans(windows: Any) -> list[tuple[float, float]]:
    return [(round(w.start, 4), round(w.end, 4)) for w in windows]


def classify(classifier: Classifier, samples: Any) -> Any:
    return classifier.probabilities(
        fit_frames(classifier.extractor(samples), classifier.frames)[None]
    )[0]
