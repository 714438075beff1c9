"""Alignment of words and voice: the words of each window, and the voice of each utterance."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ser.arrays import Samples
from ser.inference.classification import classify
from ser.inference.classifier import Adaptation, Classifier
from ser.text.asr.base import Utterance
from ser.text.asr.transcriber import TranscribedUtterance, Transcriber
from ser.text.fusion import TextFusion
from ser.timeline.window import Window, Word

# Windows are in the order of their starts but for rounding.
_TOLERANCE = 1e-6

# Seconds. A shorter utterance is too short for the classifier of the voice.
_MIN_SECONDS = 0.3


class TranscriptAligner:
    """Transcribes a recording while its voice is analyzed, and adds the words to the windows.

    `add` takes the samples that the analysis takes; `align` takes its windows, after any
    postprocessing. A window is held back until all words in it are known.

    Args:
        transcriber: Its offset is where the analysis begins.
        fusion: Classifies the words and fuses their emotion with the voice's.
    """

    def __init__(self, transcriber: Transcriber, fusion: TextFusion) -> None:
        self._transcriber = transcriber
        self._fusion = fusion
        # An analysis may decode in one thread and classify in another.
        self._lock = threading.Lock()
        # Utterances with the probabilities of their words, as long as a window may need them.
        self._utterances: deque[tuple[Utterance, dict[str, float]]] = deque()

    def add(self, block: Samples) -> None:
        """Takes the next samples of the recording."""
        with self._lock:
            self._keep(self._transcriber.add(block))

    def align(self, windows: Iterable[Window]) -> Iterator[Window]:
        """Adds to each window the words that were spoken in it.

        The text is that of the words whose middle lies in the window. Its emotion is that of the
        whole utterances that the words are from, since half a sentence may say the opposite,
        averaged over the time that each utterance has in the window.
        """
        waiting: deque[Window] = deque()
        for window in windows:
            waiting.append(window)
            yield from self._ready(waiting)
        with self._lock:
            self._keep(self._transcriber.finish())
        while waiting:
            yield self._add_words(waiting.popleft())

    def _ready(self, waiting: deque[Window]) -> list[Window]:
        """Takes the windows out of the queue whose words are all known."""
        ready = []
        with self._lock:
            decided_until = self._transcriber.decided_until
            while waiting and waiting[0].end <= decided_until:
                ready.append(self._add_words(waiting.popleft()))
        return ready

    def _keep(self, found: Sequence[TranscribedUtterance]) -> None:
        utterances = [transcribed.utterance for transcribed in found]
        self._utterances.extend(zip(utterances, self._fusion.classify(utterances), strict=True))

    def _add_words(self, window: Window) -> Window:
        while self._utterances and self._utterances[0][0].end < window.start - _TOLERANCE:
            self._utterances.popleft()
        inside = [
            (utterance, probabilities, seconds)
            for utterance, probabilities in self._utterances
            if (seconds := min(utterance.end, window.end) - max(utterance.start, window.start)) > 0
        ]
        words = [word for utterance, _, _ in inside for word in _words_in(utterance, window)]
        text = " ".join(word.text for word in words)
        if not text:
            return replace(window, spoken=self._fusion.combine("", None, {}, window.probabilities))
        longest = max(inside, key=lambda item: item[2])[0]
        mean = _average([(values, seconds) for _, values, seconds in inside if values])
        spoken = self._fusion.combine(text, longest, mean, window.probabilities, words)
        return replace(window, spoken=spoken)


def _words_in(utterance: Utterance, window: Window) -> list[Word]:
    """Gives the words whose middle is in a window; without times an utterance is one word."""
    words = utterance.words or (Word(utterance.text, utterance.start, utterance.end, 1.0),)
    return [word for word in words if window.start <= (word.start + word.end) / 2 < window.end]


def _average(parts: Sequence[tuple[dict[str, float], float]]) -> dict[str, float]:
    """Averages probabilities with weights in seconds."""
    total = sum(seconds for _, seconds in parts)
    if not parts or total <= 0:
        return {}
    return {
        label: sum(values[label] * seconds for values, seconds in parts) / total
        for label in parts[0][0]
    }


def analyze_utterances(
    file: str,
    blocks: Iterable[Samples],
    classifier: Classifier,
    transcriber: Transcriber,
    fusion: TextFusion,
    *,
    adaptation: Adaptation | None = None,
    progress: Callable[[float], None] = lambda seconds: None,
) -> Iterator[Window]:
    """Analyzes a recording utterance by utterance: each is a window with its voice and its words.

    Args:
        file: The recording's name in the windows.
        blocks: Its samples, at the classifier's sample rate.
        classifier: Classifies the emotion of the voice.
        transcriber: Transcribes the words, at the same rate.
        fusion: Classifies the words and fuses their emotion with the voice's.
        adaptation: What has been learnt of the voice.
        progress: Called with the seconds of each block that has been analyzed.

    Yields:
        Windows with `ser.timeline.window.Window.spoken`, as the utterances end.
    """
    rate = classifier.spec.sample_rate

    def counted() -> Iterator[Samples]:
        for block in blocks:
            yield block
            progress(len(block) / rate)

    for utterance, samples in transcriber.stream(counted()):
        if len(samples) < _MIN_SECONDS * rate:
            continue
        (voice,) = classify(file, [samples], [utterance.start], classifier, adaptation=adaptation)
        (words,) = fusion.classify([utterance])
        spoken = fusion.combine(
            utterance.text, utterance, words, voice.probabilities, utterance.words
        )
        yield replace(voice, start=utterance.start, end=utterance.end, spoken=spoken)
