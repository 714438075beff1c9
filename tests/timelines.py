"""Windows for the tests of timelines, and what a writer makes of them."""

from __future__ import annotations

import io
from typing import Any

from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.window import Window
from ser.timeline.writers.registry import make_writer

LABELS = ("neutral", "angry", "sad")


def window(start: float, end: float, *values: float, file: str = "a.wav") -> Window:
    probabilities = dict(zip(LABELS, values, strict=True))
    emotion = max(probabilities, key=probabilities.__getitem__)
    return Window(file, start, end, emotion, probabilities[emotion], probabilities)


def silence(start: float, end: float, file: str = "a.wav") -> Window:
    return Window(file, start, end, NO_SPEECH, 0.0, {})


def unsure(start: float, end: float, file: str = "a.wav") -> Window:
    probabilities = {"neutral": 0.31, "angry": 0.35, "sad": 0.34}
    return Window(file, start, end, UNCERTAIN, 0.35, probabilities)


def angry(start: float, end: float, file: str = "a.wav") -> Window:
    return window(start, end, 0.1, 0.83, 0.07, file=file)


def sad(start: float, end: float, file: str = "a.wav") -> Window:
    return window(start, end, 0.08, 0.02, 0.9, file=file)


def written(name: str, *windows: Window, **options: Any) -> str:
    stream = io.StringIO()
    writer = make_writer(name, stream, LABELS, **options)
    writer.begin()
    for one in windows:
        writer.write(one)
    writer.end()
    return stream.getvalue()


OVERLAPPING = (angry(0, 3), angry(1, 4), sad(2, 5), silence(3, 6), unsure(4, 7), sad(5, 8))
"""Windows of 3 s every second."""
