"""What takes the results of an analysis as they become known: lists, writers, summaries."""

from __future__ import annotations

from collections.abc import Sequence

from ser.arrays import Samples
from ser.timeline.summary import HeardVoice, Summarizer, Summary
from ser.timeline.window import Window
from ser.timeline.writers.base import Writer


class Consumer:
    """Takes what an analysis finds, as it becomes known. The methods of this base do nothing.

    Writers of timelines, summaries, pictures and pages are consumers of one loop:
    `ser.inference.recognizer.analyze`.
    """

    def add_block(self, samples: Samples) -> None:
        """Takes the next decoded samples, shape (samples,), at the specification's rate."""

    def set_voice(self, voice: HeardVoice) -> None:
        """Takes what the classifier was adapted to the voice by, before the windows it holds for.

        Not called where it is not asked to adapt to the recording itself.
        """

    def add_window(self, window: Window) -> None:
        """Takes the next window, or segment."""

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
    """Summarizes a recording.

    Args:
        file: The recording's name.
        labels: The model's labels in its order.
        writer: Where the summary is written at the end; None for nowhere.

    Attributes:
        summary: The summary; None before the end.
    """

    def __init__(self, file: str, labels: Sequence[str], writer: Writer | None = None) -> None:
        self._summarizer = Summarizer(file, labels)
        self._writer = writer
        self.summary: Summary | None = None

    def set_voice(self, voice: HeardVoice) -> None:
        """Keeps it for the summary."""
        self._summarizer.voice = voice

    def add_window(self, window: Window) -> None:
        """Counts it."""
        self._summarizer.add(window)

    def finish(self) -> None:
        """Writes the summary."""
        self.summary = self._summarizer.result()
        if self._writer is not None:
            self._writer.write_summary(self.summary)
