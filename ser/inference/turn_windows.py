"""Classifies the windows within the turns of a recording, each speaker's voice by itself."""

from __future__ import annotations

import collections
import contextlib
import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ser.arrays import Samples
from ser.audio.reader import Source, source_name
from ser.audio.selection import DEFAULT, Remark, Selection, ignore
from ser.errors import AudioError
from ser.inference.classification import find_readings, make_window
from ser.inference.classifier import Adaptation, Classifier
from ser.inference.turns import PlannedWindow, cut_turns, join_turns, plan_windows
from ser.inference.voice import ADAPTATION_SECONDS, Reading, VoiceLearner
from ser.inference.windowing import Windowing
from ser.inference.windows import WindowBatch
from ser.timeline.turn import Turn
from ser.timeline.window import Window

OnAdaptation = Callable[[Adaptation | None, str], None]
"""Called with what was learnt of a voice, or None, and the speaker."""


@dataclass(frozen=True, slots=True)
class TurnReading:
    """What is found within turns.

    Attributes:
        by_speaker: The windows of each speaker, in the order of their starts, without
            postprocessing; or a record for each turn.
        failure: Why the recording ends too early, if it does.
    """

    by_speaker: dict[str, list[Window]]
    failure: AudioError | None

    def merged(self, process: Callable[[Iterable[Window]], Iterator[Window]]) -> Iterator[Window]:
        """Processes the windows of each speaker, and gives all in the order of their starts."""
        return heapq.merge(
            *(process(windows) for windows in self.by_speaker.values()),
            key=lambda window: (window.start, window.end),
        )


def read_turns(
    source: Source,
    turns: Sequence[Turn],
    classifier: Classifier,
    windowing: Windowing,
    *,
    whole: bool = False,
    start: float = 0.0,
    seconds: float | None = None,
    adaptation: Adaptation | None = None,
    adapt_while_reading: bool = False,
    on_adaptation: OnAdaptation = lambda adaptation, speaker: None,
    vad: bool = True,
    tap: Callable[[Samples], None] = lambda block: None,
    blocks: Iterable[Samples] | None = None,
    selection: Selection = DEFAULT,
    remark: Remark = ignore,
) -> TurnReading:
    """Classifies the windows within turns. The recording is read to its end.

    Args:
        source: The recording; see `ser.audio.reader.stream`.
        turns: Who speaks when, in the order of their starts.
        classifier: The classifier.
        windowing: How turns are divided; see `ser.inference.turns.plan_windows`.
        whole: Make one record of each turn.
        start: Where to begin, in seconds; turns begin there or later.
        seconds: How much to analyze; None goes on to the end.
        adaptation: What has been learnt of the voice before, for all speakers.
        adapt_while_reading: Adapt the classifier's speaker model to each speaker instead.
        on_adaptation: Called then for each speaker.
        vad: Leave windows without speech unclassified.
        tap: Gets every block of samples.
        blocks: The samples from `start` on, where they come from elsewhere.
        selection: Which track is heard, and which channel.
        remark: Told what the user should know of the recording.

    Raises:
        AudioError: Nothing can be decoded, or all turns lie behind the end.
    """
    planned = plan_windows(turns, windowing, even=whole)
    overlapping = not whole and windowing.hop < windowing.duration
    length = 0

    def counted(block: Samples) -> None:
        nonlocal length
        length += len(block)
        tap(block)

    def cut(incoming: Iterable[Samples]) -> Iterator[WindowBatch]:
        return cut_turns(
            incoming,
            classifier.extractor,
            planned,
            overlapping=overlapping,
            offset=start,
            tap=counted,
        )

    found = find_readings(
        source,
        classifier,
        cut,
        start=start,
        seconds=seconds,
        adaptation=None if adapt_while_reading else adaptation,
        vad=vad,
        blocks=blocks,
        selection=selection,
        remark=remark,
    )
    readings: list[tuple[PlannedWindow, Reading]] = []
    failure: AudioError | None = None
    name = source_name(source)
    with contextlib.closing(found):
        try:
            # The recording may end before the last ones.
            for planned_window, reading in zip(planned, found, strict=False):
                readings.append((planned_window, reading))
            # What lies behind the last turn is heard by others.
            collections.deque(found, maxlen=0)
        except AudioError as error:
            failure = error
    if failure is not None and not readings:
        raise failure
    reached = start + length / classifier.spec.sample_rate
    late = sum(turn.start >= reached for turn in turns)
    if turns and late == len(turns):
        raise AudioError(
            name,
            f"ends at {reached:.1f} s, before its first segment at {turns[0].start:.1f} s",
            "give times of this recording, in seconds",
        )
    if late and failure is None:
        remark(f"{late} of {len(turns)} segments lie behind its end at {reached:.1f} s")
    learnt: dict[str, Adaptation | None] = {}
    if adapt_while_reading:
        learnt = _learn(turns, readings, classifier)
        for speaker, adapted in learnt.items():
            on_adaptation(adapted, speaker)
    windows = []
    for planned_window, reading in readings:
        adapted = learnt.get(turns[planned_window.turn].speaker)
        windows.append((planned_window.turn, make_window(name, reading, classifier, adapted)))
    by_speaker: dict[str, list[Window]] = {turn.speaker: [] for turn in turns}
    if whole:
        for turn, record in zip(turns, join_turns(turns, windows, name), strict=True):
            by_speaker[turn.speaker].append(record)
    else:
        for number, window in windows:
            speaker = turns[number].speaker
            by_speaker[speaker].append(replace(window, speaker=speaker or None))
    return TurnReading(by_speaker, failure)


def _learn(
    turns: Sequence[Turn],
    readings: Sequence[tuple[PlannedWindow, Reading]],
    classifier: Classifier,
) -> dict[str, Adaptation | None]:
    """Learns each speaker's voice from the first five minutes of its own speech."""
    learners: dict[str, VoiceLearner] = {}
    seconds: dict[str, float] = {}
    for window, reading in readings:
        speaker = turns[window.turn].speaker
        learner = learners.setdefault(speaker, VoiceLearner(classifier))
        if seconds.get(speaker, 0.0) < ADAPTATION_SECONDS:
            learner.add(reading)
            seconds[speaker] = seconds.get(speaker, 0.0) + reading.end - reading.start
    return {speaker: learner.adaptation() for speaker, learner in learners.items()}
