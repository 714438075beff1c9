"""A timeline for people: aligned columns and a bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import IO

from ser.colors import terminal_code
from ser.labels import NO_SPEECH, NOT_EMOTIONS, UNCERTAIN
from ser.timeline.clock import format_time
from ser.timeline.summary import HeardVoice, Summary, TalkTime
from ser.timeline.turn import TurnTaking
from ser.timeline.window import SpokenText, Window, format_label, top_labels
from ser.timeline.writers.base import PLAIN, Writer, WriterOptions, one_line
from ser.timeline.writers.subtitles import voice_mark
from ser.wording import counted, visible

_BAR = 10

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int, *, plain: bool = False) -> str:
    """Draws a share of a width, to an eighth of a character.

    Args:
        share: 0 to 1.
        width: Characters of a full bar.
        plain: Use ``#`` instead, for terminals without block characters.

    Examples:
        >>> bar(0.5, 4), bar(0.55, 10, plain=True)
        ('██', '######')
    """
    if plain:
        return "#" * round(share * width)
    whole, part = divmod(math.floor(share * width * 8 + 0.5), 8)
    return "█" * whole + (_EIGHTHS[part] if part else "")


def color_text(emotion: str, text: str) -> str:
    """Colors text for a terminal by its emotion; what is no emotion becomes faint."""
    code = "2" if emotion in NOT_EMOTIONS else terminal_code(emotion)
    return f"\x1b[{code}m{text}\x1b[0m"


def can_draw_blocks(stream: IO[str]) -> bool:
    """Says whether a stream's encoding has the block characters and dashes that `bar` uses."""
    try:
        "█▏–".encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


class TextWriter(Writer):
    """Writes ``0:00.0–0:03.0  angry      0.83  ████████▎``.

    Without speech it says so and nothing else. With `top` above 1 the next most probable
    labels stand behind the bar; behind that of an uncertain window all of the most probable.

    Where a coverage was asked for, the emotions of the set stand in braces at the end.

    Where words were transcribed they come first, and below them the emotions of voice, words and
    both together, and a remark where voice and words contradict each other.
    """

    def __init__(
        self, stream: IO[str], labels: Sequence[str], options: WriterOptions = PLAIN
    ) -> None:
        super().__init__(stream, labels, options)
        self._label_width = max(map(len, (*labels, *options.words)), default=0)
        self._time_width = 0
        self._file: str | None = None
        self._plain = not can_draw_blocks(stream)

    def write(self, window: Window) -> None:
        """Writes one line, and the file's name before its first."""
        if window.file != self._file:
            if self.options.headings:
                self.put(("\n" if self._file is not None else "") + f"{visible(window.file)}\n")
            self._file = window.file
        span = self._span(window)
        # Grows once, at ten minutes, and once more at an hour: a stream cannot know its end.
        self._time_width = max(self._time_width, len(span))
        line = f"{span:>{self._time_width}}  {voice_mark(window)}"
        if window.spoken is None or not window.spoken.text:
            self.put(line + self._emotion_columns(window) + "\n")
        else:
            self.put(line + self._spoken(window, window.spoken))

    def write_summary(self, summary: Summary) -> None:
        """Writes some lines: a heading, the emotions by their share, the strongest moment."""
        changes = f"{summary.changes} change" + ("" if summary.changes == 1 else "s")
        speech = f"{summary.speech:.0%} speech"
        length = format_time(summary.seconds)
        lines = [f"{visible(summary.file)}  {voice_mark(summary)}{length}  {speech}  {changes}"]
        shown = {n: share for n, share in summary.shares.items() if share or n != UNCERTAIN}
        width = max(map(len, shown), default=0)
        for label in sorted(shown, key=lambda name: -shown[name]):
            share, mean = shown[label], summary.probabilities.get(label)
            name = self._color(label, label.ljust(width))
            drawn = self._bar(share).ljust(0 if mean is None else _BAR)
            line = f"  {name}  {share:4.0%} of speech  {self._color(label, drawn)}"
            lines.append(line + ("" if mean is None else f"  mean {mean:.2f}"))
        if summary.strongest is not None:
            moment = summary.strongest
            lines.append(
                f"  strongest: {moment.emotion} {moment.confidence:.2f} at {self._span(moment)}"
            )
        if summary.turns is not None:
            lines.append(f"  {_turn_line(summary.turns)}")
        if summary.talk is not None:
            lines.append(f"  {_talk_line(summary.talk)}")
        if summary.voice is not None:
            lines.append(f"  {_voice_line(summary.voice)}")
        self.put("\n".join(lines) + "\n")

    def _emotion_columns(self, window: Window) -> str:
        if window.emotion == NO_SPEECH:
            return self._color(NO_SPEECH, NO_SPEECH)
        if window.emotion == UNCERTAIN:
            self._label_width = max(self._label_width, len(UNCERTAIN))
        label = self._color(window.emotion, window.emotion.ljust(self._label_width))
        others = "  ".join(filter(None, (self._others(window), self._set(window))))
        drawn = self._bar(window.confidence).ljust(_BAR if others else 0)
        line = f"{label}  {window.confidence:.2f}  {self._color(window.emotion, drawn)}"
        return line + (f"  {others}" if others else "")

    def _spoken(self, window: Window, spoken: SpokenText) -> str:
        lines = [one_line(spoken.text)]
        if spoken.translation:
            lines.append(f"English   {one_line(spoken.translation)}")
        lines.append(f"voice     {self._emotion_columns(window)}")
        for name, found in (("words", spoken.words), ("together", spoken.fused)):
            if found.emotion:
                estimate = replace(
                    window,
                    emotion=found.emotion,
                    confidence=found.confidence,
                    probabilities=found.probabilities,
                )
                lines.append(f"{name:<8}  {self._emotion_columns(estimate)}")
        if spoken.disagreement:
            lines.append(f"!         {one_line(spoken.disagreement)}")
        return ("\n" + " " * (self._time_width + 2)).join(lines) + "\n"

    def _others(self, window: Window) -> str:
        if self.options.top == 1:
            return ""
        sure = window.emotion != UNCERTAIN
        return ", ".join(map(format_label, top_labels(window, self.options.top)[sure:]))

    def _set(self, window: Window) -> str:
        """Gives the prediction set in braces; an empty and a full one in words."""
        if window.prediction_set is None:
            return ""
        if not window.prediction_set:
            return "{none of these}"
        if len(window.prediction_set) == len(window.probabilities):
            return "{cannot say}"
        return "{" + ", ".join(window.prediction_set) + "}"

    def _span(self, window: Window) -> str:
        return f"{format_time(window.start)}{'-' if self._plain else '–'}{format_time(window.end)}"

    def _bar(self, share: float) -> str:
        return bar(share, _BAR, plain=self._plain)

    def _color(self, emotion: str, text: str) -> str:
        return color_text(emotion, text) if self.options.color else text


def _talk_line(talk: TalkTime) -> str:
    line = f"talk time {format_time(talk.seconds)}"
    if not talk.pauses:
        return line
    mean = talk.silent / talk.pauses
    return (
        f"{line}, {counted(talk.pauses, 'pause')} of {mean:.1f} s on average, the longest "
        f"{talk.longest:.1f} s"
    )


def _turn_line(turns: TurnTaking) -> str:
    parts = [
        f"talk time {format_time(turns.seconds)} ({turns.share:.0%})",
        f"{counted(turns.turns, 'turn')} ({turns.turn_share:.0%})",
    ]
    if turns.followed:
        behind = ", ".join(f"{visible(name)} {n}" for name, n in turns.followed.items())
        parts[-1] += f", behind {behind}"
    if turns.overlap:
        parts.append(f"{turns.overlap:.1f} s while another speaks")
    if turns.interruptions:
        parts.append(counted(turns.interruptions, "interruption"))
    if turns.interrupted:
        parts.append(f"interrupted {counted(turns.interrupted, 'time')}")
    return "; ".join(parts)


def _voice_line(voice: HeardVoice) -> str:
    if not voice.windows:
        return "not adapted to the voice: too little speech"
    line = f"adapted to the voice by {voice.windows} windows"
    if voice.unfamiliar > 0.5:
        line += "; voice, microphone or language are unlike those of the training"
    return line
