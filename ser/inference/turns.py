"""Windows within the turns of speakers: planned beforehand, and cut as the recording is decoded."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.reader import Source
from ser.audio.selection import Selection
from ser.errors import AudioError
from ser.features.extract import Extractor
from ser.inference.windowing import SHORTEST_SECONDS, TimeRange, Windowing
from ser.inference.windows import LEAD, OverlappingWindows, SeparateWindows, WindowBatch
from ser.labels import NO_SPEECH
from ser.timeline.postprocess import mean_probabilities
from ser.timeline.turn import Turn
from ser.timeline.window import EmotionEstimate, Window

if TYPE_CHECKING:
    # Most analyses read no segments.
    from ser.timeline.readers.registry import TurnFile

_BATCH = 32
_FIRST_BATCHES = (8, 24)


class TurnSource(Protocol):
    """Says who speaks when in a recording."""

    @property
    def whole(self) -> bool:
        """Whether each turn is one record, and not divided into windows."""

    def annotation(self, name: str) -> str:
        """Gives the annotation file that the turns of a recording come from; empty for none."""

    def turns(self, source: Source, name: str, selection: Selection) -> list[Turn]:
        """Gives the turns of a recording, in the order of their starts.

        Args:
            source: The recording.
            name: Its name as the user gave it.
            selection: Which track of it is heard, and which channel.

        Raises:
            SerError: They are not known, or it cannot be read.
        """


@dataclass(frozen=True, slots=True)
class GivenTurns:
    """Turns from a file of another program; see `TurnSource`.

    Attributes:
        file: The file, or a folder of files.
        whole: Whether each turn is one record.
    """

    file: TurnFile
    whole: bool = True

    def annotation(self, name: str) -> str:
        """Gives the file that has the turns of a recording."""
        return str(self.file.file_for(name))

    def turns(self, source: Source, name: str, selection: Selection) -> list[Turn]:
        """Gives the turns of a recording; one without an end ends with the recording.

        Raises:
            SerError: There are none, or the end of a recording cannot be known.
        """
        found = self.file.turns(name)
        if all(math.isfinite(turn.end) for turn in found):
            return found
        seconds = reader.length(source, track=selection.track)
        return [
            turn if math.isfinite(turn.end) else replace(turn, end=max(seconds, turn.start))
            for turn in found
        ]


@dataclass(frozen=True, slots=True)
class ListedTurns:
    """Turns that are known; see `TurnSource`.

    Attributes:
        listed: The turns.
        whole: Whether each turn is one record.
    """

    listed: tuple[Turn, ...]
    whole: bool = True

    def annotation(self, name: str) -> str:
        """There is no file."""
        return ""

    def turns(self, source: Source, name: str, selection: Selection) -> list[Turn]:
        """Gives the turns in the order of their starts."""
        return sorted(self.listed, key=lambda turn: (turn.start, turn.end))


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """A window that is to be cut.

    Attributes:
        turn: The number of its turn.
        start: Seconds from the start of the recording.
        end: Likewise.
    """

    turn: int
    start: float
    end: float


def clip_turns(turns: Sequence[Turn], time_range: TimeRange) -> list[Turn]:
    """Cuts turns to a part of the recording; those outside are left out."""
    end = math.inf if time_range.end is None else time_range.end
    cut = [replace(t, start=max(t.start, time_range.start), end=min(t.end, end)) for t in turns]
    return [turn for turn in cut if turn.end > turn.start]


def plan_windows(
    turns: Sequence[Turn], windowing: Windowing, *, even: bool = False
) -> list[PlannedWindow]:
    """Divides turns into windows, none of which holds the sound of two turns.

    Windows without overlap divide a turn evenly, into as many as come nearest to the length of a
    window. Windows that overlap follow each other by the hop, and the last one ends with the turn.

    Args:
        turns: The turns.
        windowing: How to divide.
        even: Divide evenly, whatever the hop.

    Returns:
        In the order of their starts.
    """
    planned: list[PlannedWindow] = []
    for number, turn in enumerate(turns):
        length = turn.end - turn.start
        if even or windowing.hop >= windowing.duration:
            count = max(1, round(length / windowing.duration))
            bounds = np.linspace(turn.start, turn.end, count + 1).tolist()
            spans = list(itertools.pairwise(bounds))
        else:
            count = 1 + max(0, math.floor((length - windowing.duration) / windowing.hop + 1e-9))
            starts = [turn.start + index * windowing.hop for index in range(count)]
            spans = [(at, min(at + windowing.duration, turn.end)) for at in starts]
            if turn.end - spans[-1][1] >= min(SHORTEST_SECONDS, windowing.hop):
                spans.append((turn.end - windowing.duration, turn.end))
        planned += [PlannedWindow(number, start, end) for start, end in spans]
    return sorted(planned, key=lambda window: (window.start, window.end, window.turn))


def cut_turns(
    blocks: Iterable[Samples],
    extractor: Extractor,
    planned: Sequence[PlannedWindow],
    *,
    overlapping: bool,
    offset: float = 0.0,
    tap: Callable[[Samples], None] = lambda block: None,
) -> Iterator[WindowBatch]:
    """Cuts planned windows out of a recording as it is decoded.

    Args:
        blocks: The samples, at the specification's rate, in blocks of any lengths.
        extractor: Of the features: it has the sample rate, and takes out rumble before.
        planned: The windows in the order of their starts.
        overlapping: Windows of a turn overlap, and share what is measured of their frames.
        offset: The time of the first sample, in seconds from the start of the file.
        tap: Gets every block before it is cut.

    Yields:
        Batches of windows in the order of `planned`. A window that the recording does not reach
        is left out, with all behind it; the last one may be cut short.

    Raises:
        AudioError: What the blocks' source raised, after the windows before the defect.
    """
    rate = extractor.spec.sample_rate
    grid = extractor.spec.hop_length if overlapping else 1
    sizes = itertools.chain(_FIRST_BATCHES, itertools.repeat(_BATCH))
    size = next(sizes)
    buffer = np.empty(0, np.float32)
    first = 0  # Position of the buffer's first sample.
    waiting: list[tuple[PlannedWindow, int, int]] = []
    failure: AudioError | None = None
    left = iter(planned)
    current = next(left, None)

    def span(window: PlannedWindow) -> tuple[int, int]:
        start = (round((window.start - offset) * rate) + grid // 2) // grid * grid
        return max(0, start), max(start + 1, round((window.end - offset) * rate))

    def take_batch() -> WindowBatch:
        nonlocal waiting, size
        taken, waiting, size = waiting, [], next(sizes)
        times = [(window.start, window.end) for window, _, _ in taken]
        if not overlapping:
            return SeparateWindows([buffer[a - first : b - first] for _, a, b in taken], times)
        start = max(first, (taken[0][1] - LEAD) // LEAD * LEAD)
        stop = max(b for _, _, b in taken)
        spans = [(a - start, b - start) for _, a, b in taken]
        return OverlappingWindows(buffer[start - first : stop - first], spans, times)

    def is_far(start: int) -> bool:
        # What lies between turns need not be looked at.
        return bool(waiting) and start > waiting[-1][2]

    def tapped() -> Iterator[Samples]:
        for block in blocks:
            tap(block)
            yield block

    try:
        for block in extractor.high_pass_blocks(tapped()):
            buffer = np.concatenate([buffer, block])
            end = first + len(buffer)
            while current is not None and span(current)[1] <= end:
                start, stop = span(current)
                if len(waiting) >= size or is_far(start):
                    yield take_batch()
                waiting.append((current, start, stop))
                current = next(left, None)
            needed = waiting[0][1] if waiting else end if current is None else span(current)[0]
            done = min(max(first, needed - 2 * LEAD), end)
            buffer, first = buffer[done - first :], done
    except AudioError as error:
        failure = error
    end = first + len(buffer)
    while current is not None and span(current)[0] < end:
        start, stop = span(current)
        if len(waiting) >= size or is_far(start):
            yield take_batch()
        cut = replace(current, end=min(current.end, offset + end / rate))
        waiting.append((cut, start, min(stop, end)))
        current = next(left, None)
    if waiting:
        yield take_batch()
    if failure is not None:
        raise failure


def join_turns(
    turns: Sequence[Turn], windows: Iterable[tuple[int, Window]], name: str
) -> list[Window]:
    """Makes one record of each turn: the mean of its windows with speech, by their length.

    Args:
        turns: The turns.
        windows: The number of a turn, and a window of it.
        name: The recording's name.

    Returns:
        A record for each turn, in their order. One in which nobody speaks, or that lies behind the
        end of the recording, has no emotion.
    """
    by_turn: dict[int, list[Window]] = {}
    for number, window in windows:
        if window.emotion != NO_SPEECH:
            by_turn.setdefault(number, []).append(window)
    found = []
    for number, turn in enumerate(turns):
        own = by_turn.get(number)
        estimate = (
            EmotionEstimate.from_probabilities(mean_probabilities(own))
            if own
            else EmotionEstimate(NO_SPEECH, 0.0, {})
        )
        found.append(Window(name, turn.start, turn.end, *estimate, speaker=turn.speaker or None))
    return found
