"""The base class of the formats for annotation tools, which are made of tiers of intervals."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence

from ser.labels import NO_SPEECH
from ser.timeline.clock import milliseconds
from ser.timeline.overlap import Span, emotion_spans, remove_overlaps
from ser.timeline.window import Window, voice_of
from ser.timeline.writers.base import SingleRecordingWriter, one_line

Interval = tuple[int, int, str]
"""Start and end in milliseconds, and the text between them."""


class TierWriter(SingleRecordingWriter):
    """Base class of the formats for annotation tools, which are written at the end.

    There are two tiers: ``emotion`` with adjacent windows of one emotion joined, ``confidence``
    with a number per window. Intervals of a tier do not overlap, and there is none without speech.
    Where words were transcribed, ``text``, ``words`` and ``fused`` follow: the text, the emotion
    of the words, and that of voice and words together. Where channels were heard one by one, or
    speakers are told apart, each has tiers of its own, whose names end in its number or name:
    ``emotion 1``, ``emotion Anna``.
    """

    def begin(self, *, summaries: bool = False) -> None:
        """Starts the output."""
        self._windows: list[Window] = []

    def write_one(self, window: Window) -> None:
        """Keeps one window."""
        self._windows.append(window)

    def end(self) -> None:
        """Writes everything."""
        tiers: dict[str, list[Interval]] = {}
        for voice in dict.fromkeys(map(voice_of, self._windows)):
            found = self._tiers([w for w in self._windows if voice_of(w) == voice])
            own = " ".join(one_line(str(name)) for name in voice if name not in (None, ""))
            tiers |= {f"{name} {own}".strip(): tier for name, tier in found.items()}
        end = max((window.end for window in self._windows), default=0.0)
        self.put(self.document(tiers or self._tiers([]), milliseconds(end)))

    @abstractmethod
    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        """Gives the file's text.

        Args:
            tiers: The intervals of each tier by its name, in order.
            end: Where the last window ends, milliseconds.
        """

    def _tiers(self, heard: Sequence[Window]) -> dict[str, list[Interval]]:
        """Gives the tiers of one voice."""
        windows = list(remove_overlaps(heard))
        emotions: Iterable[Span] = emotion_spans(windows)
        if self.options.whole:
            emotions = [(w.start, w.end, w.emotion) for w in windows if w.emotion != NO_SPEECH]
        speech = [window for window in windows if window.emotion != NO_SPEECH]
        tiers = {
            "emotion": [_interval(*span) for span in emotions],
            "confidence": [_interval(w.start, w.end, f"{w.confidence:.2f}") for w in speech],
        }
        if any(window.spoken is not None for window in windows):
            said = [(w.start, w.end, w.spoken) for w in windows if w.spoken and w.spoken.text]
            tiers["text"] = [_interval(start, end, spoken.text) for start, end, spoken in said]
            for name in ("words", "fused"):
                found = [(start, end, getattr(spoken, name).emotion) for start, end, spoken in said]
                tiers[name] = [_interval(*span) for span in found if span[2]]
        return tiers


def free_name(name: str, taken: Collection[str]) -> str:
    """Gives a name for a new tier that no other has: the name itself, or with a number.

    Examples:
        >>> free_name("emotion", ["emotion", "emotion 2"])
        'emotion 3'
    """
    numbered = (f"{name} {number}" for number in itertools.count(2))
    return next(free for free in itertools.chain([name], numbered) if free not in taken)


def _interval(start: float, end: float, text: str) -> Interval:
    return milliseconds(start), milliseconds(end), one_line(text)
