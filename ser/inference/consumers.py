"""What takes the results of an analysis as they become known: lists, writers, summaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ser.arrays import Samples
from ser.timeline.summary import HeardVoice, Summarizer, Summary, TalkTime
from ser.timeline.turn import Turn, measure_turns
from ser.timeline.window import Voice, Window, voice_of, voice_order
from ser.timeline.writers.base import Writer


class Consumer:
    """Takes what an analysis finds, as it becomes known. The methods of this base do nothing.

    Writers of timelines, summaries, pictures and pages are consumers of one loop:
    `ser.inference.recognizer.analyze`.

    Attributes:
        measures_talk: Whether `set_talk` is to be called, which takes some time.
    """

    measures_talk = False

    def add_block(self, samples: Samples) -> None:
        """Takes the next decoded samples, shape (samples,), at the specification's rate."""

    def set_voice(
        self, voice: HeardVoice, channel: int | None = None, speaker: str | None = None
    ) -> None:
        """Takes what the classifier was adapted to the voice by, before the windows it holds for.

        Not called where it is not asked to adapt to the recording itself.

        Args:
            voice: What was heard.
            channel: The channel, where each is heard by itself.
            speaker: The speaker, where they are told apart.
        """

    def set_turns(self, turns: Sequence[Turn], channel: int | None = None) -> None:
        """Takes who speaks when, before the windows, where speakers are told apart.

        Args:
            turns: The turns in the order of their starts.
            channel: The channel, where each is heard by itself.
        """

    def set_talk(self, talk: TalkTime, channel: int | None = None) -> None:
        """Takes how long somebody speaks, before the end, where it is asked for.

        Args:
            talk: What was measured.
            channel: The channel, where each is heard by itself.
        """

    def add_remark(self, text: str) -> None:
        """Takes what the user should know of the recording, a sentence without its name."""

    def add_window(self, window: Window) -> None:
        """Takes the next window, or segment."""

    def add_part(self, window: Window) -> None:
        """Takes a window that becomes part of a segment, before that, where windows are joined."""

    def finish(self) -> None:
        """Takes the end: everything has been found."""


class WindowList(Consumer):
    """Keeps the windows.

    Attributes:
        windows: Those that have been found so far.
    """

    def __init__(self) -> None:
        self.windows: list[Window] = []

    def add_window(self, window: Window) -> None:
        """Keeps it."""
        self.windows.append(window)


class RemarkList(Consumer):
    """Keeps what the user should know of the recording.

    Attributes:
        remarks: What was said so far.
    """

    def __init__(self) -> None:
        self.remarks: list[str] = []

    def add_remark(self, text: str) -> None:
        """Keeps it."""
        self.remarks.append(text)


class TalkKeeper(Consumer):
    """Keeps how long somebody speaks, and who when.

    Attributes:
        talk: What was measured, None before the end.
        turns: Who speaks when, where speakers are told apart; empty otherwise.
    """

    measures_talk = True

    def __init__(self) -> None:
        self.talk: TalkTime | None = None
        self.turns: tuple[Turn, ...] = ()

    def set_turns(self, turns: Sequence[Turn], channel: int | None = None) -> None:
        """Keeps them."""
        self.turns = tuple(turns)

    def set_talk(self, talk: TalkTime, channel: int | None = None) -> None:
        """Keeps it."""
        self.talk = talk if channel is None else None


class RemarkTeller(Consumer):
    """Passes on what the user should know of a recording.

    Args:
        file: The recording's name.
        tell: Gets each sentence, with the name.
    """

    def __init__(self, file: str, tell: Callable[[str], None]) -> None:
        self._file = file
        self._tell = tell

    def add_remark(self, text: str) -> None:
        """Passes it on."""
        self._tell(f"{self._file}: {text}")


class DurationMeter(Consumer):
    """Measures how much sound has been decoded.

    Args:
        sample_rate: In hertz.

    Attributes:
        seconds: The sound that has been decoded so far.
    """

    def __init__(self, sample_rate: int) -> None:
        self._rate = sample_rate
        self.seconds = 0.0

    def add_block(self, samples: Samples) -> None:
        """Measures it."""
        self.seconds += len(samples) / self._rate


class WindowWriter(Consumer):
    """Writes each window to a timeline.

    Args:
        writer: The timeline, which has begun; several recordings may be written to one.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def add_window(self, window: Window) -> None:
        """Writes it."""
        self._writer.write(window)


class SummaryMaker(Consumer):
    """Summarizes a recording; where channels or speakers are told apart, each of them.

    Args:
        file: The recording's name.
        labels: The model's labels in its order.
        writer: Where summaries are written at the end; None for nowhere.

    Attributes:
        summaries: The summaries; empty before the end.
    """

    measures_talk = True

    def __init__(self, file: str, labels: Sequence[str], writer: Writer | None = None) -> None:
        self._file = file
        self._labels = labels
        self._summarizers: dict[Voice, Summarizer] = {}
        self._writer = writer
        self.summaries: tuple[Summary, ...] = ()

    def set_voice(
        self, voice: HeardVoice, channel: int | None = None, speaker: str | None = None
    ) -> None:
        """Keeps it for the summary."""
        self._of((channel, speaker)).voice = voice

    def set_turns(self, turns: Sequence[Turn], channel: int | None = None) -> None:
        """Keeps how each speaker takes part, for the summaries."""
        for speaker, found in measure_turns(turns).items():
            if speaker:
                self._of((channel, speaker)).turns = found

    def set_talk(self, talk: TalkTime, channel: int | None = None) -> None:
        """Keeps it for the summary; that of all speakers together is none of one of them."""
        if not any(speaker for _, speaker in self._summarizers):
            self._of((channel, None)).talk = talk

    def add_window(self, window: Window) -> None:
        """Counts it."""
        self._of(voice_of(window)).add(window)

    def finish(self) -> None:
        """Writes the summaries."""
        if not self._summarizers:
            self._of((None, None))
        found = [self._summarizers[key] for key in sorted(self._summarizers, key=voice_order)]
        self.summaries = tuple(summarizer.result() for summarizer in found)
        if self._writer is not None:
            for summary in self.summaries:
                self._writer.write_summary(summary)

    def _of(self, voice: Voice) -> Summarizer:
        if voice not in self._summarizers:
            self._summarizers[voice] = Summarizer(self._file, self._labels, *voice)
        return self._summarizers[voice]
