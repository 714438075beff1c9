"""The summary of a recording: share of speech and emotions, changes, strongest moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ser.labels import NO_SPEECH, NOT_EMOTIONS, UNCERTAIN
from ser.timeline.overlap import adjoin, boundary
from ser.timeline.turn import TurnTaking
from ser.timeline.window import Window


@dataclass(frozen=True, slots=True)
class HeardVoice:
    """What the classifier was adapted to the voice of a recording by.

    Attributes:
        windows: The number of windows with speech; 0 if there were too few to adapt.
        unfamiliar: The probability that voice, microphone, room or language are unlike those of
            the training, 0 to 1.
    """

    windows: int
    unfamiliar: float


@dataclass(frozen=True, slots=True)
class TalkTime:
    """How long somebody speaks in a recording, and pauses.

    Attributes:
        seconds: The time with speech.
        pauses: The number of pauses: a quarter of a second or more between speech and speech.
        silent: The seconds of all pauses together.
        longest: The seconds of the longest.
        silences: Start and end of each stretch of a quarter of a second or more without speech, in
            seconds from the start of the recording; also those before the first word and behind the
            last one.
    """

    seconds: float
    pauses: int
    silent: float
    longest: float
    silences: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What the windows of one recording amount to.

    Attributes:
        file: The recording's path as the user gave it, or ``-``.
        seconds: The time that the windows cover, with speech and without.
        speech: The share of `seconds` in which somebody speaks, 0 to 1, where that was measured;
            otherwise the share of the windows with speech. Uncertain windows are speech.
        windows: The number of windows, with speech and without.
        emotion: The label with the largest share, or `UNCERTAIN`; `NO_SPEECH` where nobody speaks,
            empty where there are no windows.
        shares: For each label, and then for `UNCERTAIN`, its share of the time with speech, 0 to
            1; they add up to 1 unless nobody speaks.
        changes: How often the emotion changed. Pauses and uncertain windows are passed over:
            angry, no speech, angry is no change; angry, uncertain, sad is one.
        strongest: The window of an emotion with the highest confidence; None where there is none.
        probabilities: For each label its mean probability over the time with speech.
        voice: What the classifier was adapted to the voice by; None where it was not asked to.
        channel: The channel that was heard, from 1; None for the mixture of all.
        talk: Talk time and pauses; None where they were not measured.
        speaker: Whose summary it is, where speakers are told apart.
        turns: How this speaker takes part in the conversation, likewise.
    """

    file: str
    seconds: float
    speech: float
    windows: int
    emotion: str
    shares: Mapping[str, float]
    changes: int
    strongest: Window | None
    probabilities: Mapping[str, float]
    voice: HeardVoice | None = None
    channel: int | None = None
    talk: TalkTime | None = None
    speaker: str | None = None
    turns: TurnTaking | None = None


class Summarizer:
    """Computes the `Summary` of one recording from its windows, in constant memory.

    Where windows overlap, the later one takes over in the middle: every second counts once.

    Args:
        file: The recording's name.
        labels: The model's labels in its order.
        channel: The channel that is heard, from 1; None for the mixture of all.
        speaker: The speaker whose windows are given; None where speakers are not told apart.

    Attributes:
        voice: What goes into `Summary.voice`.
        talk: What goes into `Summary.talk`.
        turns: What goes into `Summary.turns`.
    """

    def __init__(
        self,
        file: str,
        labels: Sequence[str],
        channel: int | None = None,
        speaker: str | None = None,
    ) -> None:
        self._file = file
        self._channel = channel
        self._speaker = speaker
        self.turns: TurnTaking | None = None
        self.voice: HeardVoice | None = None
        self.talk: TalkTime | None = None
        # Ties go to the first: what is no emotion comes last.
        self._seconds = dict.fromkeys([*labels, UNCERTAIN, NO_SPEECH], 0.0)
        self._weighted = dict.fromkeys(labels, 0.0)
        self._windows = 0
        self._changes = 0
        self._emotion: str | None = None
        self._strongest: Window | None = None
        self._last: Window | None = None
        self._start = 0.0

    def add(self, window: Window) -> None:
        """Takes the next window; windows come in the order of their starts."""
        if self._last is not None:
            change = boundary(self._last, window)
            _count(self._seconds, self._weighted, self._last, change - self._start)
            self._start = change if adjoin(self._last, window) else window.start
        else:
            self._start = window.start
        if window.emotion not in NOT_EMOTIONS:
            self._changes += self._emotion not in (None, window.emotion)
            self._emotion = window.emotion
            if self._strongest is None or window.confidence > self._strongest.confidence:
                self._strongest = window
        self._windows += 1
        self._last = window

    def result(self) -> Summary:
        """Gives the summary of the windows so far; more may follow."""
        seconds, weighted = dict(self._seconds), dict(self._weighted)
        if self._last is not None:
            _count(seconds, weighted, self._last, self._last.end - self._start)
        silent = seconds.pop(NO_SPEECH)
        spoken = sum(seconds.values())
        speech = spoken / (spoken + silent) if spoken else 0.0
        if self.talk is not None and spoken:
            # What is left at the end may be in no window.
            speech = min(self.talk.seconds / (spoken + silent), 1.0)
        emotion = max(seconds, key=seconds.__getitem__) if spoken else ""
        return Summary(
            file=self._file,
            seconds=spoken + silent,
            speech=speech,
            windows=self._windows,
            emotion=emotion or (NO_SPEECH if silent else ""),
            shares={name: value / spoken if spoken else 0.0 for name, value in seconds.items()},
            changes=self._changes,
            strongest=self._strongest,
            probabilities={n: value / spoken if spoken else 0.0 for n, value in weighted.items()},
            voice=self.voice,
            channel=self._channel,
            talk=self.talk,
            speaker=self._speaker,
            turns=self.turns,
        )


def _count(
    seconds: dict[str, float], weighted: dict[str, float], window: Window, held: float
) -> None:
    """Counts the seconds for which a window holds."""
    seconds[window.emotion] = seconds.get(window.emotion, 0.0) + held
    for name, probability in window.probabilities.items():
        weighted[name] = weighted.get(name, 0.0) + probability * held
