"""The contract of every timeline format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import IO, ClassVar

from ser.errors import SerError
from ser.labels import NO_SPEECH, UNCERTAIN, ordered
from ser.timeline.clock import milliseconds
from ser.timeline.overlap import Apart, apart, winning_spans
from ser.timeline.summary import Summary
from ser.timeline.window import Opinion, Spoken, Window, leading, named


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


# What the formats share of which one file belongs to one recording.


class SingleWriter(Writer):
    """Base of the formats that name no recording, and so cannot hold two."""

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
        self.take(window)

    @abstractmethod
    def take(self, window: Window) -> None:
        """Writes one window of the recording, or keeps it."""


# One timeline in several formats at once.


class Tee(Writer):
    """Gives every record to several writers.

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


# What the subtitle formats share: which text is on the screen from when to when.


class CueWriter(SingleWriter):
    """Base of the subtitle formats: no two texts at once, and none where nobody speaks.

    A window that overlaps the next is written when the next is there, any other at once; see
    `ser.timeline.overlap.Apart`.
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


# What the formats with tiers share: they are written when the recording has ended.

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


# What the formats with columns share: the header, and which fields a row has.

WINDOW_FIELDS = ("file", "start", "end", "emotion", "confidence")
"""The columns of a window; for every label its probability follows, empty where nobody speaks."""

SPOKEN_FIELDS = ("text", "language", "translation", "disagreement")
"""What stands behind them where it was listened to what was said; `ser.timeline.window.Spoken` says
what they are. ``words_emotion``, ``words_confidence`` and ``words_LABEL`` for every label of the
words follow, and the same with ``fused_`` for voice and words together."""

SUMMARY_FIELDS = (
    "file",
    "duration",
    "speech",
    "windows",
    "emotion",
    "changes",
    "strongest_emotion",
    "strongest_start",
    "strongest_end",
    "strongest_confidence",
)
"""The columns of a summary; ``share_LABEL`` for every label, ``share_uncertain`` and ``mean_LABEL``
for every label follow. `ser.timeline.summary.Summary` says what they are."""


class ColumnWriter(Writer):
    """Base of the formats with one kind of row, which `begin` decides."""

    _summaries = False

    @property
    def _shared(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.labels, UNCERTAIN)))

    def begin(self, *, summaries: bool = False) -> None:
        """Writes the header line."""
        self._summaries = summaries
        if summaries:
            shares = [f"share_{label}" for label in self._shared]
            means = [f"mean_{label}" for label in self.labels]
            self.row([*SUMMARY_FIELDS, *shares, *means])
        else:
            self.row([*WINDOW_FIELDS, *self.labels, *self._spoken_header()])

    def write(self, window: Window) -> None:
        """Writes one window as a row.

        Raises:
            ValueError: The output was begun for summaries.
        """
        self._require(summaries=False)
        self.row(
            [
                window.file,
                self.time(window.start),
                self.time(window.end),
                window.emotion,
                _share(window.confidence),
                *(_probability(window, label) for label in self.labels),
                *self._spoken_cells(window),
            ]
        )

    def write_summary(self, summary: Summary) -> None:
        """Writes one summary as a row.

        Raises:
            ValueError: The output was begun for windows.
        """
        self._require(summaries=True)
        moment = summary.strongest
        self.row(
            [
                summary.file,
                self.time(summary.seconds),
                _share(summary.speech),
                str(summary.windows),
                summary.emotion,
                str(summary.changes),
                moment.emotion if moment else "",
                self.time(moment.start) if moment else "",
                self.time(moment.end) if moment else "",
                _share(moment.confidence) if moment else "",
                *(_share(summary.shares.get(label, 0.0)) for label in self._shared),
                *(_share(summary.probabilities.get(label, 0.0)) for label in self.labels),
            ]
        )

    @abstractmethod
    def row(self, cells: Sequence[str]) -> None:
        """Writes one row."""

    @abstractmethod
    def time(self, seconds: float) -> str:
        """Writes a time in the unit of the format."""

    @property
    def _fused(self) -> tuple[str, ...]:
        return tuple(ordered({*self.labels, *self.words}))

    def _spoken_header(self) -> list[str]:
        if not self.words:
            return []
        sides = (("words", self.words), ("fused", self._fused))
        return [
            *SPOKEN_FIELDS,
            *(
                f"{side}_{field}"
                for side, labels in sides
                for field in ("emotion", "confidence", *labels)
            ),
        ]

    def _spoken_cells(self, window: Window) -> list[str]:
        if not self.words:
            return []
        said = window.spoken or Spoken()
        return [
            said.text,
            said.language,
            said.translation,
            said.disagreement,
            *_opinion(said.words, self.words),
            *_opinion(said.fused, self._fused),
        ]

    def _require(self, *, summaries: bool) -> None:
        if summaries != self._summaries:
            raise ValueError("one output with columns holds windows or summaries, not both")


def _probability(window: Window, label: str) -> str:
    return _share(window.probabilities.get(label, 0.0)) if window.probabilities else ""


def _opinion(opinion: Opinion, labels: Sequence[str]) -> list[str]:
    if not opinion.emotion:
        return [""] * (2 + len(labels))
    shares = (_share(opinion.probabilities.get(label, 0.0)) for label in labels)
    return [opinion.emotion, _share(opinion.confidence), *shares]


def _share(value: float) -> str:
    return f"{value:.6f}"
