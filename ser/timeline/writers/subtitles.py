"""The base class of the subtitle formats, and the text of a subtitle."""

from __future__ import annotations

from abc import abstractmethod

from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.clock import milliseconds
from ser.timeline.overlap import OverlapRemover
from ser.timeline.window import HasVoice, Voice, Window, format_label, top_labels, voice_of
from ser.timeline.writers.base import SingleRecordingWriter, one_line
from ser.wording import visible


class SubtitleWriter(SingleRecordingWriter):
    """Base class of the subtitle formats: no two texts of a voice at once, none without speech.

    A window that overlaps the next is written when the next has come, any other at once; see
    `ser.timeline.overlap.OverlapRemover`.
    """

    _number = 0

    def begin(self, *, summaries: bool = False) -> None:
        """Starts the output."""
        self._removers: dict[Voice, OverlapRemover] = {}

    def write_one(self, window: Window) -> None:
        """Writes the windows whose times are known."""
        remover = self._removers.setdefault(voice_of(window), OverlapRemover())
        self._write_cues(remover.add(window))

    def end(self) -> None:
        """Writes the last window of each voice."""
        left = [window for remover in self._removers.values() for window in remover.finish()]
        self._write_cues(sorted(left, key=lambda window: window.start))

    @abstractmethod
    def write_cue(self, number: int, start: int, end: int, text: str, speaker: str) -> None:
        """Writes one subtitle.

        Args:
            number: 1 and up.
            start: Milliseconds.
            end: Milliseconds, after `start`.
            text: One line.
            speaker: Who speaks, printable; empty where that is not known.
        """

    def _write_cues(self, windows: list[Window]) -> None:
        for window in windows:
            if window.emotion != NO_SPEECH:
                self._number += 1
                start, end = milliseconds(window.start), milliseconds(window.end)
                text = channel_mark(window) + caption(window, self.options.top)
                speaker = one_line(window.speaker or "")
                self.write_cue(self._number, start, end, one_line(text), speaker)


def channel_mark(record: HasVoice) -> str:
    """Gives what stands in front of a text where channels are heard one by one: ``[2] ``."""
    return "" if record.channel is None else f"[{record.channel}] "


def voice_mark(record: HasVoice) -> str:
    """Gives what stands in front of a text where voices are told apart: ``[2] ``, ``Anna: ``."""
    return channel_mark(record) + (f"{visible(record.speaker)}: " if record.speaker else "")


def caption(window: Window, top: int) -> str:
    """Gives the text of a window: ``angry 0.83``, ``uncertain: angry 0.31, sad 0.28``.

    Transcribed words follow: ``calm 0.83, words angry 0.71: I am furious``.
    """
    if window.emotion == UNCERTAIN and top == 1:
        text = UNCERTAIN
    else:
        text = ", ".join(map(format_label, top_labels(window, top)))
        text = f"{UNCERTAIN}: {text}" if window.emotion == UNCERTAIN else text
    spoken = window.spoken
    if spoken is None or not spoken.text:
        return text
    if spoken.words.emotion:
        text += f", words {format_label((spoken.words.emotion, spoken.words.confidence))}"
    return f"{text}: {spoken.text}"


def timestamp(time: int, point: str) -> str:
    """Writes milliseconds as hours, minutes, seconds and thousandths.

    Examples:
        >>> timestamp(3_723_250, ",")
        '01:02:03,250'
    """
    seconds, thousandths = divmod(time, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{thousandths:03d}"
