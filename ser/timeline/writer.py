"""The contract of every timeline format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import IO, ClassVar

from ser.timeline.record import Window
from ser.timeline.summary import Summary


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
        colour: Use terminal colours, in formats for people.
        headings: Several recordings follow each other: formats for people say which one begins.
        top: How many of the most probable labels formats for people show, at least 1.
        words: The labels of the emotion of words, where windows say what was spoken.
    """

    one_recording: ClassVar[bool] = False
    summaries: ClassVar[bool] = True

    def __init__(
        self,
        stream: IO[str],
        labels: Sequence[str],
        *,
        colour: bool = False,
        headings: bool = False,
        top: int = 1,
        words: Sequence[str] = (),
    ) -> None:
        self.stream = stream
        self.labels = tuple(labels)
        self.colour = colour
        self.headings = headings
        self.top = top
        self.words = tuple(words)

    # Most formats need nothing before or behind their records.
    def begin(self, *, summaries: bool = False) -> None:  # noqa: B027
        """Starts the output.

        Args:
            summaries: Summaries follow and no windows. A format with columns must know which.
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


def legible(name: str) -> str:
    """Escapes the bytes of a file name that are not UTF-8, which no text stream would take."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(text: str) -> str:
    """Makes of any text one that no line-based format trips over: printable, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in legible(text)).split())
