"""The windows of an analysis, each with what was said in it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ser.arrays import Samples
from ser.inference.classifier import Adaptation, Classifier
from ser.inference.recognizer import classify
from ser.text.asr.base import Passage
from ser.text.asr.transcriber import Said, Transcriber
from ser.text.fusion import Judge
from ser.timeline.window import Window, Word

# Windows of one recording may begin so much before one that came earlier: none does.
_TOUCHING = 1e-6


class Alongside:
    """Listens to the words while an analysis hears the voice, and brings both together.

    `add` is a tap for `ser.inference.recognizer.analyse`; `join` takes its windows, after whatever
    has been done to them. A window is held back until all words in it have been heard.

    Args:
        transcriber: Hears words; its offset is where the analysis begins.
        judge: Reads their emotion.
    """

    def __init__(self, transcriber: Transcriber, judge: Judge) -> None:
        self._transcriber = transcriber
        self._judge = judge
        # An analysis may decode in one thread and classify in another.
        self._lock = threading.Lock()
        # Passages with the probabilities of their words, as long as a window may need them.
        self._passages: deque[tuple[Passage, dict[str, float]]] = deque()

    def add(self, block: Samples) -> None:
        """Takes the next samples of the recording."""
        with self._lock:
            self._keep(self._transcriber.add(block))

    def join(self, windows: Iterable[Window]) -> Iterator[Window]:
        """Adds to each window what was said in it.

        The text is that of the words whose middle lies in the window. Emotion and probabilities
        are those of the whole passages that they are from, since half a sentence may say the
        opposite, averaged over the time that each has in the window.
        """
        waiting: deque[Window] = deque()
        for window in windows:
            waiting.append(window)
            yield from self._ready(waiting)
        with self._lock:
            self._keep(self._transcriber.finish())
        while waiting:
            yield self._joined(waiting.popleft())

    def _ready(self, waiting: deque[Window]) -> list[Window]:
        """Takes the windows out of the queue in which no more words will be heard."""
        ready = []
        with self._lock:
            settled = self._transcriber.settled
            while waiting and waiting[0].end <= settled:
                ready.append(self._joined(waiting.popleft()))
        return ready

    def _keep(self, found: Sequence[Said]) -> None:
        passages = [said.passage for said in found]
        self._passages.extend(zip(passages, self._judge.read(passages), strict=True))

    def _joined(self, window: Window) -> Window:
        while self._passages and self._passages[0][0].end < window.start - _TOUCHING:
            self._passages.popleft()
        inside = [
            (passage, shares, overlap)
            for passage, shares in self._passages
            if (overlap := min(passage.end, window.end) - max(passage.start, window.start)) > 0
        ]
        words = [word for passage, _, _ in inside for word in _words_in(passage, window)]
        text = " ".join(word.text for word in words)
        if not text:
            return replace(window, spoken=self._judge.judge("", None, {}, window.probabilities))
        longest = max(inside, key=lambda item: item[2])[0]
        shares = _mean([(shares, overlap) for _, shares, overlap in inside if shares])
        spoken = self._judge.judge(text, longest, shares, window.probabilities, words)
        return replace(window, spoken=spoken)


def _words_in(passage: Passage, window: Window) -> list[Word]:
    """Gives the words whose middle lies in a window; a passage without times is one long word."""
    words = passage.words or (Word(passage.text, passage.start, passage.end, 1.0),)
    return [word for word in words if window.start <= (word.start + word.end) / 2 < window.end]


def _mean(parts: Sequence[tuple[dict[str, float], float]]) -> dict[str, float]:
    total = sum(seconds for _, seconds in parts)
    if not parts or total <= 0:
        return {}
    return {
        label: sum(shares[label] * seconds for shares, seconds in parts) / total
        for label in parts[0][0]
    }


# A recording, passage by passage: what was said, and the emotion of voice and words.

# A word cut out by its bounds is too short to hear a voice in: what lies around it belongs to it.
_SHORTEST = 0.3


def said(blocks: Iterable[Samples], transcriber: Transcriber) -> Iterator[Said]:
    """Gives the passages of a stream of samples as they end."""
    for block in blocks:
        yield from transcriber.add(block)
    yield from transcriber.finish()


def listen(
    file: str,
    blocks: Iterable[Samples],
    classifier: Classifier,
    transcriber: Transcriber,
    judge: Judge,
    *,
    adaptation: Adaptation | None = None,
    heard: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Window]:
    """Listens to a recording: each passage is a window, whose emotion is that of the voice.

    Args:
        file: Its name in the results.
        blocks: Its samples, at the classifier's sample rate.
        classifier: Classifies the emotion of the voice.
        transcriber: Hears the words, at the same rate.
        judge: Reads the emotion of the words.
        adaptation: What has been learnt of the voice.
        heard: Told how many seconds have been listened to.

    Yields:
        Windows with `ser.timeline.window.Window.spoken`, as they end.
    """
    rate = classifier.spec.sample_rate

    def counted() -> Iterator[Samples]:
        for block in blocks:
            yield block
            heard(len(block) / rate)

    for passage, samples in said(counted(), transcriber):
        if len(samples) < _SHORTEST * rate:
            continue
        (voice,) = classify(
            file, [samples], [passage.start], classifier, adaptation=adaptation
        )
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
