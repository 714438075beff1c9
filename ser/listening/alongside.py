"""The windows of an analysis, each with what was said in it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ser import audio
from ser.listening.judge import Judge
from ser.timeline.record import Window
from ser.transcript.base import Passage, Word
from ser.transcript.transcriber import Said, Transcriber

# Windows of one recording may begin so much before one that came earlier: none does.
_TOUCHING = 1e-6


class Alongside:
    """Listens to the words while an analysis hears the voice, and brings both together.

    `add` is a tap for `ser.analysis.analyse`; `join` takes its windows, after whatever has been
    done to them. A window is held back until all words in it have been heard.

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

    def add(self, block: audio.Samples) -> None:
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
