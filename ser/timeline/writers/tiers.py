"""The base class of the formats for annotation tools, which are made of tiers of intervals."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from ser.labels import NO_SPEECH
from ser.timeline.clock import milliseconds
from ser.timeline.overlap import emotion_spans, remove_overlaps
from ser.timeline.window import Window
from ser.timeline.writers.base import SingleRecordingWriter, one_line

Interval = tuple[int, int, str]
"""Start and end in milliseconds, and the text between them."""


class TierWriter(SingleRecordingWriter):
    """Base class of the formats for annotation tools, which are written at the end.

    There are two tiers: ``emotion`` with adjacent windows of one emotion joined, ``confidence``
    with a number per window. Intervals of a tier do not overlap, and there is none without speech.
    Where words were transcribed, ``text``, ``words`` and ``fused`` follow: the text, the emotion
    of the words, and that of voice and words together. Where channels were heard one by one, each
    has tiers of its own, whose names end in its number: ``emotion 1``.
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
        for channel in dict.fromkeys(window.channel for window in self._windows):
            found = self._tiers([w for w in self._windows if w.channel == channel])
            tiers |= {n if channel is None else f"{n} {channel}": t for n, t in found.items()}
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
        """Gives the tiers of one channel."""
        windows = list(remove_overlaps(heard))
        emotions = emotion_spans(windows)
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


def _interval(start: float, end: float, text: str) -> Interval:
    return milliseconds(start), milliseconds(end), one_line(text)
