"""The base classes of all timeline formats."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, ClassVar

from ser.errors import SerError
from ser.timeline.summary import Summary
from ser.timeline.window import Window


@dataclass(frozen=True, slots=True)
class WriterOptions:
    """How a timeline looks, and what a format has to know before the first record.

    Attributes:
        color: Use terminal colors, in formats for people.
        headings: Formats for people write the name of each recording before its windows.
        top: How many of the most probable labels formats for people show, at least 1.
        words: The labels of the text emotion classifier; empty where nothing is transcribed.
        channels: Records name their channel.
        speakers: Records name their speaker.
        sets: Windows have prediction sets.
        whole: Every record is an interval of its own in formats with tiers; otherwise adjacent
            ones of one emotion are joined there.
        annotation: The annotation file that the windows come from, empty for none. What is in it
            is written again in front of the new tiers, where the format is the same.
    """

    color: bool = False
    headings: bool = False
    top: int = 1
    words: tuple[str, ...] = ()
    channels: bool = False
    speakers: bool = False
    sets: bool = False
    whole: bool = False
    annotation: str = ""


PLAIN = WriterOptions()
"""The options where nothing is said."""


class Writer(ABC):
    """Writes records to a text stream as they come.

    The calls are `begin`, any number of `write` and `write_summary`, `end`. A format that can be
    streamed writes and flushes each record at once, so that a reader at the other end of a pipe
    sees a result as soon as there is one; the others write in `end`, which belongs into a
    ``finally``: an interrupted analysis leaves a valid output too.

    Attributes:
        one_recording: One output of this format holds one recording.
        summaries: The format can hold summaries.

    Args:
        stream: Where to write; it stays open.
        labels: The model's labels in its order.
        options: How the timeline looks.
    """

    one_recording: ClassVar[bool] = False
    summaries: ClassVar[bool] = True

    def __init__(
        self,
        stream: IO[str],
        labels: Sequence[str],
        options: WriterOptions = PLAIN,
    ) -> None:
        self.stream = stream
        self.labels = tuple(labels)
        self.options = options

    # Most formats need nothing before or behind their records.
    def begin(self, *, summaries: bool = False) -> None:  # noqa: B027
        """Starts the output.

        Args:
            summaries: Whether summaries follow, or else windows. A format with columns must know.
        """

    @abstractmethod
    def write(self, window: Window) -> None:
        """Writes one window."""

    def write_summary(self, summary: Summary) -> None:
        """Writes the summary of one recording.

        Raises:
            ValueError: The format holds none; `summaries` says so beforehand.
        """
        raise ValueError(f"{type(self).__name__} holds no summaries")

    def end(self) -> None:  # noqa: B027
        """Completes the output; the stream stays open."""

    def put(self, text: str) -> None:
        """Writes text and flushes it."""
        self.stream.write(text)
        self.stream.flush()


class SingleRecordingWriter(Writer):
    """Base class of the formats that name no recording, and so cannot hold two."""

    one_recording: ClassVar[bool] = True
    summaries: ClassVar[bool] = False

    file: str | None = None
    """The recording; None before its first window."""

    def write(self, window: Window) -> None:
        """Writes one window.

        Raises:
            SerError: It belongs to another recording than those before.
        """
        if self.file is None:
            self.file = window.file
        elif self.file != window.file:
            raise SerError(
                window.file,
                f"does not fit into one file with {self.file}",
                "write a file for each recording",
            )
        self.write_one(window)

    @abstractmethod
    def write_one(self, window: Window) -> None:
        """Writes one window of the recording, or keeps it."""


class MultiWriter(Writer):
    """Writes every record in several formats at once.

    Args:
        writers: At least one.
    """

    def __init__(self, writers: Sequence[Writer]) -> None:
        first = writers[0]
        super().__init__(first.stream, first.labels)
        self._writers = tuple(writers)

    def begin(self, *, summaries: bool = False) -> None:
        """Starts every output."""
        for writer in self._writers:
            writer.begin(summaries=summaries)

    def write(self, window: Window) -> None:
        """Writes one window to every output."""
        for writer in self._writers:
            writer.write(window)

    def write_summary(self, summary: Summary) -> None:
        """Writes one summary to every output."""
        for writer in self._writers:
            writer.write_summary(summary)

    def end(self) -> None:
        """Completes every output."""
        for writer in self._writers:
            writer.end()


def escape_surrogates(name: str) -> str:
    """Escapes the bytes of a file name that are not UTF-8: no text stream takes surrogates."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: str) -> str:
    """Makes any text fit for a line-based format: printable characters, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in escape_surrogates(text)).split())
