"""What the formats with tiers share: they are written when the recording has ended."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from ser.timeline.apart import apart
from ser.timeline.clock import milliseconds
from ser.timeline.record import NO_SPEECH, Window
from ser.timeline.single import SingleWriter
from ser.timeline.spans import winning_spans
from ser.timeline.writer import one_line

Interval = tuple[int, int, str]
"""Start and end in milliseconds, and the text between them."""


class TierWriter(SingleWriter):
    """Base of the formats for annotation tools.

    There are two tiers: ``emotion`` with neighbours of one emotion joined, ``confidence`` with a
    number per window. Intervals of a tier do not overlap, and there is none where nobody speaks.
    Where it was listened to what was said, ``text``, ``words`` and ``fused`` follow: what it was,
    and the emotions of the words and of voice and words together.
    """

    def begin(self, *, summaries: bool = False) -> None:
        """Starts the output."""
        self._windows: list[Window] = []

    def take(self, window: Window) -> None:
        """Keeps one window."""
        self._windows.append(window)

    def end(self) -> None:
        """Writes everything."""
        stretches = list(apart(self._windows))
        emotions = winning_spans(stretches)
        spoken = [window for window in stretches if window.emotion != NO_SPEECH]
        tiers = {
            "emotion": [_interval(*span) for span in emotions],
            "confidence": [_interval(w.start, w.end, f"{w.confidence:.2f}") for w in spoken],
        }
        if any(window.spoken is not None for window in stretches):
            said = [(w.start, w.end, w.spoken) for w in stretches if w.spoken and w.spoken.text]
            tiers["text"] = [_interval(start, end, spoken.text) for start, end, spoken in said]
            for name in ("words", "fused"):
                told = [(start, end, getattr(spoken, name).emotion) for start, end, spoken in said]
                tiers[name] = [_interval(*span) for span in told if span[2]]
        end = max((window.end for window in self._windows), default=0.0)
        self.put(self.document(tiers, milliseconds(end)))

    @abstractmethod
    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        """Gives the file's text.

        Args:
            tiers: The intervals of each tier by its name, in order.
            end: Where the last window ends, milliseconds.
        """


def _interval(start: float, end: float, text: str) -> Interval:
    return milliseconds(start), milliseconds(end), one_line(text)
