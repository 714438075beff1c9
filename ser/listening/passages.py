"""A recording, passage by passage: what was said, and the emotion of voice and words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from ser import audio
from ser.analysis import classify
from ser.engine import Calibration, Engine
from ser.listening.judge import Judge
from ser.timeline.record import Window
from ser.transcript.transcriber import Said, Transcriber

# A word cut out by its bounds is too short to hear a voice in: what lies around it belongs to it.
_SHORTEST = 0.3


def said(blocks: Iterable[audio.Samples], transcriber: Transcriber) -> Iterator[Said]:
    """Gives the passages of a stream of samples as they end."""
    for block in blocks:
        yield from transcriber.add(block)
    yield from transcriber.finish()


def listen(
    file: str,
    blocks: Iterable[audio.Samples],
    engine: Engine,
    transcriber: Transcriber,
    judge: Judge,
    *,
    calibration: Calibration | None = None,
    heard: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Window]:
    """Listens to a recording: each passage is a window, whose emotion is that of the voice.

    Args:
        file: Its name in the results.
        blocks: Its samples, at the engine's sample rate.
        engine: Hears the emotion of the voice.
        transcriber: Hears the words, at the same rate.
        judge: Reads the emotion of the words.
        calibration: What is known of the voice.
        heard: Told how many seconds have been listened to.

    Yields:
        Windows with `ser.timeline.record.Window.spoken`, as they end.
    """
    rate = engine.spec.sample_rate

    def counted() -> Iterator[audio.Samples]:
        for block in blocks:
            yield block
            heard(len(block) / rate)

    for passage, samples in said(counted(), transcriber):
        if len(samples) < _SHORTEST * rate:
            continue
        voice = next(classify(file, [samples], [passage.start], engine, calibration=calibration))
        (words,) = judge.read([passage])
        yield Window(
            file,
            passage.start,
            passage.end,
            voice.emotion,
            voice.confidence,
            voice.probabilities,
            judge.judge(passage.text, passage, words, voice.probabilities, passage.words),
        )
