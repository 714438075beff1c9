"""How a recording is divided into windows, and the division itself, as the sound comes in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ser.arrays import Samples
from ser.errors import AudioError, ParameterError
from ser.features.extract import Extractor
from ser.inference.classifier import Classifier
from ser.inference.windows import LEAD, OverlappingWindows, SeparateWindows, WindowBatch

SHORTEST_SECONDS = 0.5
"""What is left behind the last whole window is a window of its own from this length on: a shorter
rest says nothing reliable."""

# Windows that are classified together: more would need memory in proportion to how closely they
# overlap. The first batches are smaller, so that results appear at once.
_BATCH, _BATCH_OVERLAPPING = 32, 64
_FIRST_BATCHES = (8, 24)

# Pooled features have no length of their own; 3 s is what clips of emotional corpora have.
_POOLED_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Windowing:
    """How a recording is divided into windows.

    Attributes:
        duration: Seconds per window.
        hop: Seconds from the start of one window to the start of the next.
    """

    duration: float
    hop: float

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ParameterError: A value is not a positive number.
        """
        for name, value in (("duration", self.duration), ("hop", self.hop)):
            if not 0 < value < math.inf:
                raise ParameterError(name, "is not a positive number", "give seconds", f"{value:g}")


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Which part of a recording is analyzed.

    Attributes:
        start: Seconds from the start of the file.
        end: Seconds from the start of the file; None for the end of the file.
    """

    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        """Checks the order.

        Raises:
            ParameterError: The range is empty, or begins before the recording.
        """
        if self.start < 0:
            raise ParameterError(
                "start", "lies before the recording", "give seconds from its start"
            )
        if self.end is not None and self.end <= self.start:
            raise ParameterError("end", "does not lie behind the start", "give a later time")

    @property
    def seconds(self) -> float | None:
        """Its length in seconds; None if it goes on to the end of the file."""
        return None if self.end is None else self.end - self.start


FULL = TimeRange()
"""All of a recording."""


def network_seconds(classifier: Classifier) -> float:
    """Gives how many seconds the network sees at once; infinite for all of a clip, pooled."""
    spec = classifier.spec
    if spec.duration is not None:
        return spec.duration
    if spec.pool != "none":
        return math.inf
    return (classifier.frames - 1) * spec.hop_length / spec.sample_rate


def default_windowing(
    classifier: Classifier, duration: float | None = None, hop: float | None = None
) -> Windowing:
    """Fills in what is left open: the length that the network sees, and windows without overlap.

    Args:
        classifier: The classifier.
        duration: Seconds per window, or None.
        hop: Seconds between the starts of windows, or None.

    Raises:
        ParameterError: A value is not positive, or shorter than a sample.
    """
    if duration is None:
        seen = network_seconds(classifier)
        duration = _POOLED_SECONDS if math.isinf(seen) else seen
    windowing = Windowing(duration, duration if hop is None else hop)
    for name, value in (("duration", windowing.duration), ("hop", windowing.hop)):
        if value * classifier.spec.sample_rate < 1:
            raise ParameterError(name, "is shorter than a sample", "give seconds", f"{value:g}")
    return windowing


def parts_of_window(length: int, classifier: Classifier, grid: int) -> list[tuple[int, int]]:
    """Covers a window by evenly spaced parts of the length that the network sees.

    Args:
        length: Samples of the window.
        classifier: The classifier.
        grid: What the start of a part must be a multiple of, in samples.

    Returns:
        Start and end of each part in samples; one part for a window that is no longer than what
        the network sees.
    """
    seen = network_seconds(classifier)
    if math.isinf(seen):
        return [(0, length)]
    size = max(1, round(seen * classifier.spec.sample_rate))
    # A sample of rounding is no reason for a second part.
    count = max(1, math.ceil((length - 2) / size))
    starts = np.linspace(0, max(0, length - size), count).round().astype(int) // grid * grid
    return [(start, min(start + size, length)) for start in starts.tolist()]


def cut_windows(
    blocks: Iterable[Samples],
    extractor: Extractor,
    windowing: Windowing,
    *,
    offset: float = 0.0,
    tap: Callable[[Samples], None] = lambda block: None,
    live: bool = False,
) -> Iterator[WindowBatch]:
    """Cuts a recording into windows as it is decoded.

    Args:
        blocks: The samples, at the specification's rate, in blocks of any lengths.
        extractor: Of the features: it has the sample rate, and takes out rumble before the
            recording is cut.
        windowing: How to divide.
        offset: The time of the first sample, in seconds from the start of the file.
        tap: Gets every block before it is cut.
        live: Give each window as soon as it is whole, instead of in batches.

    Yields:
        Batches of windows that are classified together, in order. A rest of `SHORTEST_SECONDS`
        behind the last whole window is a window too, and so is a recording that is shorter than
        one window, whatever its length.

    Raises:
        AudioError: What the blocks' source raised, after the windows before the defect.
    """
    spec = extractor.spec
    rate = spec.sample_rate
    size = max(1, round(windowing.duration * rate))
    overlapping = round(windowing.hop * rate) < size
    # Windows that overlap share their frames where they begin with one.
    grid = spec.hop_length if overlapping else 1
    usual = _BATCH_OVERLAPPING if overlapping else _BATCH
    sizes = itertools.chain(_FIRST_BATCHES, itertools.repeat(usual))
    batch_size = next(sizes)
    before = LEAD if overlapping else 0
    buffer = np.empty(0, np.float32)
    first = 0  # Position of the buffer's first sample in the recording.
    number = 0  # Of the next window.
    waiting: list[_Span] = []
    failure: AudioError | None = None

    def nominal_start(index: int) -> int:
        return round(index * windowing.hop * rate)

    def start_of(index: int) -> int:
        return (nominal_start(index) + grid // 2) // grid * grid

    def span(index: int, stop: int, length: int) -> _Span:
        start, begin = start_of(index), offset + nominal_start(index) / rate
        # Overlapping ones are taken out together.
        samples = None if overlapping else buffer[start - first : stop - first]
        return _Span(start, stop, begin, begin + length / rate, samples)

    def take_batch() -> WindowBatch:
        nonlocal waiting, batch_size
        spans, waiting, batch_size = waiting, [], next(sizes)
        times = [(each.begin, each.end) for each in spans]
        if not overlapping:
            return SeparateWindows(
                [each.samples for each in spans if each.samples is not None], times
            )
        # Longer than needed in front: what a window says must not depend on its neighbours.
        start = max(first, (spans[0].start - before) // before * before)
        stop = max(each.stop for each in spans)
        return OverlappingWindows(
            buffer[start - first : stop - first],
            [(each.start - start, each.stop - start) for each in spans],
            times,
        )

    try:
        for block in extractor.high_pass_blocks(_tapped(blocks, tap)):
            buffer = np.concatenate([buffer, block])
            end = first + len(buffer)
            while start_of(number) + size <= end:
                waiting.append(span(number, start_of(number) + size, size))
                number += 1
                if len(waiting) == batch_size:
                    yield take_batch()
            if live and waiting:
                yield take_batch()
            needed = waiting[0].start if overlapping and waiting else start_of(number)
            done = min(max(first, needed - 2 * before), end)
            buffer, first = buffer[done - first :], done
    except AudioError as error:
        failure = error
    stop = first + len(buffer)
    while nominal_start(number) + size <= stop:
        # Moved to its first frame, it would end behind the recording.
        waiting.append(span(number, min(start_of(number) + size, stop), size))
        number += 1
    if waiting:
        yield take_batch()
    if failure is not None:
        raise failure
    covered = nominal_start(number - 1) + size if number else 0
    new = stop - max(covered, nominal_start(number))
    if stop > start_of(number) and (number == 0 or new >= SHORTEST_SECONDS * rate):
        waiting.append(span(number, stop, stop - nominal_start(number)))
        yield take_batch()


def _tapped(blocks: Iterable[Samples], tap: Callable[[Samples], None]) -> Iterator[Samples]:
    for block in blocks:
        tap(block)
        yield block


@dataclass(frozen=True, slots=True)
class _Span:
    """One window: where its samples lie in the recording, its times in seconds, its samples."""

    start: int
    stop: int
    begin: float
    end: float
    samples: Samples | None
