"""A timeline as JSON Lines: one object per record, for programs."""

from __future__ import annotations

import json
from typing import Any

from ser.timeline.summary import HeardVoice, Summary, TalkTime
from ser.timeline.turn import TurnTaking
from ser.timeline.window import EmotionEstimate, HasVoice, SpokenText, Window
from ser.timeline.writers.base import Writer


class JsonLinesWriter(Writer):
    """Writes one JSON object per line; times in seconds.

    A window has the keys ``file``, ``start``, ``end``, ``emotion``, ``confidence`` and
    ``probabilities``, which is empty without speech; a summary has ``file`` and ``summary``.
    Where one channel was heard, or each by itself, ``channel`` is its number.
    Where speakers are told apart, ``speaker`` is the name, and a summary has ``turns``.
    Where a coverage was asked for, a window with speech has ``set``, a list of emotions.
    Where words were transcribed, a window has ``text``, ``language``, ``translation``,
    ``times``, ``words``, ``fused`` and ``disagreement`` as well.
    """

    def write(self, window: Window) -> None:
        """Writes one window."""
        self._line(
            {
                "file": window.file,
                **_voice_names(window),
                **_moment(window),
                "probabilities": _round(window.probabilities),
                **_set(window.prediction_set),
                **({} if window.spoken is None else _spoken(window.spoken)),
            }
        )

    def write_summary(self, summary: Summary) -> None:
        """Writes one summary."""
        strongest = summary.strongest
        self._line(
            {
                "file": summary.file,
                **_voice_names(summary),
                "summary": {
                    "seconds": round(summary.seconds, 3),
                    "speech": round(summary.speech, 6),
                    "windows": summary.windows,
                    "emotion": summary.emotion,
                    "shares": _round(summary.shares),
                    "changes": summary.changes,
                    "strongest": None if strongest is None else _moment(strongest),
                    "probabilities": _round(summary.probabilities),
                    **({} if summary.voice is None else {"voice": _voice(summary.voice)}),
                    **({} if summary.talk is None else {"talk": _talk(summary.talk)}),
                    **({} if summary.turns is None else {"turns": _turns(summary.turns)}),
                },
            }
        )

    def _line(self, record: dict[str, Any]) -> None:
        text = json.dumps(record, ensure_ascii=False)
        try:
            text.encode(getattr(self.stream, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            # A file name that is not UTF-8, or a stream that is not: JSON can escape both.
            text = json.dumps(record)
        self.put(text + "\n")


def _voice_names(record: HasVoice) -> dict[str, Any]:
    names = {"channel": record.channel, "speaker": record.speaker}
    return {name: value for name, value in names.items() if value is not None}


def _set(emotions: tuple[str, ...] | None) -> dict[str, Any]:
    return {} if emotions is None else {"set": list(emotions)}


def _voice(voice: HeardVoice) -> dict[str, Any]:
    return {"windows": voice.windows, "unfamiliar": round(voice.unfamiliar, 6)}


def _talk(talk: TalkTime) -> dict[str, Any]:
    return {
        "seconds": round(talk.seconds, 3),
        "pauses": talk.pauses,
        "silent": round(talk.silent, 3),
        "longest": round(talk.longest, 3),
    }


def _turns(turns: TurnTaking) -> dict[str, Any]:
    return {
        "seconds": round(turns.seconds, 3),
        "share": round(turns.share, 6),
        "turns": turns.turns,
        "turn_share": round(turns.turn_share, 6),
        "overlap": round(turns.overlap, 3),
        "interruptions": turns.interruptions,
        "interrupted": turns.interrupted,
        "followed": dict(turns.followed),
    }


def _moment(window: Window) -> dict[str, Any]:
    return {
        "start": round(window.start, 3),
        "end": round(window.end, 3),
        "emotion": window.emotion,
        "confidence": round(window.confidence, 6),
    }


def _spoken(spoken: SpokenText) -> dict[str, Any]:
    return {
        "text": spoken.text,
        "language": spoken.language,
        "translation": spoken.translation,
        "times": [
            {
                "word": word.text,
                "start": round(word.start, 3),
                "end": round(word.end, 3),
                "confidence": round(word.confidence, 6),
            }
            for word in spoken.times
        ],
        "words": _estimate(spoken.words),
        "fused": _estimate(spoken.fused),
        "disagreement": spoken.disagreement,
    }


def _estimate(estimate: EmotionEstimate) -> dict[str, Any]:
    return {
        "emotion": estimate.emotion,
        "confidence": round(estimate.confidence, 6),
        "probabilities": _round(estimate.probabilities),
    }


def _round(values: Any) -> dict[str, float]:
    return {name: round(value, 6) for name, value in values.items()}
