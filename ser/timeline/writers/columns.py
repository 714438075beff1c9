"""The base class of the formats with columns: their header, and the cells of a row."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from ser.labels import UNCERTAIN, ordered
from ser.timeline.summary import Summary, TalkTime
from ser.timeline.turn import TurnTaking
from ser.timeline.window import EmotionEstimate, HasVoice, SpokenText, Window
from ser.timeline.writers.base import Writer

WINDOW_FIELDS = ("file", "start", "end", "emotion", "confidence")
"""The columns of a window; for every label its probability follows, empty without speech."""

SPOKEN_FIELDS = ("text", "language", "translation", "disagreement")
"""The columns that follow where words were transcribed; see `ser.timeline.window.SpokenText`.

``words_emotion``, ``words_confidence`` and ``words_LABEL`` for every label of the words come after
them, and the same with ``fused_`` for voice and words together.
"""

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


CHANNEL_FIELD = "channel"
"""The column behind the file where one channel is heard, or each by itself."""


SPEAKER_FIELD = "speaker"
"""The column behind that where speakers are told apart."""


TALK_FIELDS = ("talk", "pauses", "paused", "longest_pause")
"""The last columns of summaries: the time with speech, the number of pauses, their time together,
and the longest; empty where they were not measured."""


TURN_FIELDS = (
    "talk_share",
    "turns",
    "turn_share",
    "overlap",
    "interruptions",
    "interrupted",
    "followed",
)
"""The columns behind them where speakers are told apart; see `ser.timeline.turn.TurnTaking`.
``followed`` has names and numbers: ``Anna:3|Ben:1``."""


SET_FIELD = "set"
"""The column behind the probabilities where a coverage was asked for: emotions with ``|`` between
them, ``none`` for the empty set, nothing without speech."""


class ColumnWriter(Writer):
    """Base class of the formats with rows of one kind, windows or summaries: `begin` says which."""

    _summaries = False

    @property
    def _share_labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.labels, UNCERTAIN)))

    def begin(self, *, summaries: bool = False) -> None:
        """Writes the header line."""
        self._summaries = summaries
        if summaries:
            shares = [f"share_{label}" for label in self._share_labels]
            means = [f"mean_{label}" for label in self.labels]
            fields = self._with_voice(SUMMARY_FIELDS)
            turns = TURN_FIELDS if self.options.speakers else ()
            self.write_row([*fields, *shares, *means, *TALK_FIELDS, *turns])
        else:
            fields = self._with_voice(WINDOW_FIELDS)
            sets = [SET_FIELD] if self.options.sets else []
            self.write_row([*fields, *self.labels, *sets, *self._spoken_header()])

    def write(self, window: Window) -> None:
        """Writes one window as a row.

        Raises:
            ValueError: The output was begun for summaries.
        """
        self._require(summaries=False)
        self.write_row(
            [
                window.file,
                *self._voice_cells(window),
                self.time_cell(window.start),
                self.time_cell(window.end),
                window.emotion,
                _format_share(window.confidence),
                *(_probability(window, label) for label in self.labels),
                *self._set_cell(window),
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
        self.write_row(
            [
                summary.file,
                *self._voice_cells(summary),
                self.time_cell(summary.seconds),
                _format_share(summary.speech),
                str(summary.windows),
                summary.emotion,
                str(summary.changes),
                moment.emotion if moment else "",
                self.time_cell(moment.start) if moment else "",
                self.time_cell(moment.end) if moment else "",
                _format_share(moment.confidence) if moment else "",
                *(_format_share(summary.shares.get(label, 0.0)) for label in self._share_labels),
                *(_format_share(summary.probabilities.get(label, 0.0)) for label in self.labels),
                *self._talk_cells(summary.talk),
                *self._turn_cells(summary.turns),
            ]
        )

    def _talk_cells(self, talk: TalkTime | None) -> list[str]:
        if talk is None:
            return [""] * len(TALK_FIELDS)
        times = [self.time_cell(seconds) for seconds in (talk.silent, talk.longest)]
        return [self.time_cell(talk.seconds), str(talk.pauses), *times]

    def _turn_cells(self, turns: TurnTaking | None) -> list[str]:
        if not self.options.speakers:
            return []
        if turns is None:
            return [""] * len(TURN_FIELDS)
        return [
            _format_share(turns.share),
            str(turns.turns),
            _format_share(turns.turn_share),
            self.time_cell(turns.overlap),
            str(turns.interruptions),
            str(turns.interrupted),
            "|".join(f"{name}:{count}" for name, count in turns.followed.items()),
        ]

    @abstractmethod
    def write_row(self, cells: Sequence[str]) -> None:
        """Writes one row."""

    @abstractmethod
    def time_cell(self, seconds: float) -> str:
        """Gives a time in the unit of the format."""

    def _with_voice(self, fields: Sequence[str]) -> list[str]:
        channel = [CHANNEL_FIELD] if self.options.channels else []
        speaker = [SPEAKER_FIELD] if self.options.speakers else []
        return [fields[0], *channel, *speaker, *fields[1:]]

    def _set_cell(self, window: Window) -> list[str]:
        if not self.options.sets:
            return []
        if window.prediction_set is None:
            return [""]
        return ["|".join(window.prediction_set) or "none"]

    def _voice_cells(self, record: HasVoice) -> list[str]:
        channel = "" if record.channel is None else str(record.channel)
        return [
            *([channel] if self.options.channels else []),
            *([record.speaker or ""] if self.options.speakers else []),
        ]

    @property
    def _fused_labels(self) -> tuple[str, ...]:
        return tuple(ordered({*self.labels, *self.options.words}))

    def _spoken_header(self) -> list[str]:
        if not self.options.words:
            return []
        kinds = (("words", self.options.words), ("fused", self._fused_labels))
        return [
            *SPOKEN_FIELDS,
            *(
                f"{kind}_{field}"
                for kind, labels in kinds
                for field in ("emotion", "confidence", *labels)
            ),
        ]

    def _spoken_cells(self, window: Window) -> list[str]:
        if not self.options.words:
            return []
        spoken = window.spoken or SpokenText()
        return [
            spoken.text,
            spoken.language,
            spoken.translation,
            spoken.disagreement,
            *_estimate_cells(spoken.words, self.options.words),
            *_estimate_cells(spoken.fused, self._fused_labels),
        ]

    def _require(self, *, summaries: bool) -> None:
        if summaries != self._summaries:
            raise ValueError("one output with columns holds windows or summaries, not both")


def _probability(window: Window, label: str) -> str:
    return _format_share(window.probabilities.get(label, 0.0)) if window.probabilities else ""


def _estimate_cells(estimate: EmotionEstimate, labels: Sequence[str]) -> list[str]:
    if not estimate.emotion:
        return [""] * (2 + len(labels))
    shares = (_format_share(estimate.probabilities.get(label, 0.0)) for label in labels)
    return [estimate.emotion, _format_share(estimate.confidence), *shares]


def _format_share(value: float) -> str:
    return f"{value:.6f}"
