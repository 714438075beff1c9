"""What the formats with columns share: the header, and which fields a row has."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from ser.labels import ordered
from ser.timeline.record import UNCERTAIN, Window
from ser.timeline.spoken import Opinion, Spoken
from ser.timeline.summary import Summary
from ser.timeline.writer import Writer

WINDOW_FIELDS = ("file", "start", "end", "emotion", "confidence")
"""The columns of a window; for every label its probability follows, empty where nobody speaks."""

SPOKEN_FIELDS = ("text", "language", "translation", "disagreement")
"""What stands behind them where it was listened to what was said; `ser.timeline.spoken.Spoken` says
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
