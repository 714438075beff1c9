"""What the subtitle formats share: which text is on the screen from when to when."""

from __future__ import annotations

from abc import abstractmethod

from ser.timeline.apart import Apart
from ser.timeline.clock import milliseconds
from ser.timeline.leading import leading, named
from ser.timeline.record import NO_SPEECH, UNCERTAIN, Window
from ser.timeline.single import SingleWriter
from ser.timeline.writer import one_line


class CueWriter(SingleWriter):
    """Base of the subtitle formats: no two texts at once, and none where nobody speaks.

    A window that overlaps the next is written when the next is there, any other at once; see
    `ser.timeline.apart.Apart`.
    """

    _number = 0

    def begin(self, *, summaries: bool = False) -> None:
        """Starts the output."""
        self._apart = Apart()

    def take(self, window: Window) -> None:
        """Writes the windows whose times are known."""
        self._cues(self._apart.add(window))

    def end(self) -> None:
        """Writes the last window."""
        self._cues(self._apart.rest())

    @abstractmethod
    def cue(self, number: int, start: int, end: int, text: str) -> None:
        """Writes one text.

        Args:
            number: 1 and up.
            start: Milliseconds.
            end: Milliseconds, after `start`.
            text: One line.
        """

    def _cues(self, windows: list[Window]) -> None:
        for window in windows:
            if window.emotion != NO_SPEECH:
                self._number += 1
                start, end = milliseconds(window.start), milliseconds(window.end)
                self.cue(self._number, start, end, one_line(caption(window, self.top)))


def caption(window: Window, top: int) -> str:
    """Writes what is shown of a window: ``angry 0.83``, ``uncertain: angry 0.31, sad 0.28``.

    Words that were heard follow: ``calm 0.83, words angry 0.71: I am furious``.
    """
    if window.emotion == UNCERTAIN and top == 1:
        text = UNCERTAIN
    else:
        text = ", ".join(map(named, leading(window, top)))
        text = f"{UNCERTAIN}: {text}" if window.emotion == UNCERTAIN else text
    spoken = window.spoken
    if spoken is None or not spoken.text:
        return text
    if spoken.words.emotion:
        text += f", words {named((spoken.words.emotion, spoken.words.confidence))}"
    return f"{text}: {spoken.text}"


def stamp(time: int, point: str) -> str:
    """Writes milliseconds as hours, minutes, seconds and thousandths.

    Examples:
        >>> stamp(3_723_250, ",")
        '01:02:03,250'
    """
    seconds, thousandths = divmod(time, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{thousandths:03d}"
