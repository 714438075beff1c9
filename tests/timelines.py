"""Windows for the tests of timelines, and what a writer makes of them."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.summary import Summarizer, TalkTime
from ser.timeline.window import EmotionEstimate, SpokenText, Window, Word
from ser.timeline.writers.base import WriterOptions
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
    writer = make_writer(name, stream, LABELS, WriterOptions(**options))
    writer.begin()
    for one in windows:
        writer.write(one)
    writer.end()
    return stream.getvalue()


OVERLAPPING = (angry(0, 3), angry(1, 4), sad(2, 5), silence(3, 6), unsure(4, 7), sad(5, 8))
"""Windows of 3 s every second."""

WORDS = ("neutral", "happy", "sad")
"""The labels of a text emotion classifier."""

SAID = SpokenText(
    text="so\tsad",
    language="pl",
    translation="very sad",
    times=(Word("so", 0.25, 0.5, 0.9), Word("sad", 0.5, 1.25, 0.123456789)),
    words=EmotionEstimate.from_probabilities({"neutral": 0.2, "happy": 0.1, "sad": 0.7}),
    fused=EmotionEstimate.from_probabilities(
        {"neutral": 0.1, "happy": 0.0, "sad": 0.4, "angry": 0.5}
    ),
    disagreement='said angrily: "very sad"',
)


def spoken(start: float, end: float) -> Window:
    return replace(angry(start, end), spoken=SAID)


def written_summary(name: str, *more: Window, talk: TalkTime | None = None) -> str:
    summarizer = Summarizer("a.wav", LABELS)
    summarizer.talk = talk
    for one in (window(0, 3, 0.1, 0.7, 0.2), window(3, 4, 0.08, 0.02, 0.9), *more):
        summarizer.add(one)
    stream = io.StringIO()
    writer = make_writer(name, stream, LABELS)
    writer.begin(summaries=True)
    writer.write_summary(summarizer.result())
    writer.end()
    return stream.getvalue()
