"""Audio in, timeline out: sliding windows over a stream, in constant memory."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.arrays import Array, Samples
from ser.audio import reader
from ser.errors import AudioError, SerError
from ser.features.extract import fit_frames
from ser.features.spec import FeatureSpec
from ser.inference.engine import Calibration, Engine
from ser.inference.windows import LEAD, Apart, Overlapping, Sound
from ser.io.files import STANDARD, is_special
from ser.labels import NO_SPEECH
from ser.parallel.pool import one_thread
from ser.parallel.stream import shared, useful_processes
from ser.timeline.window import Window

# Windows classified together: more would need memory in proportion to how closely they overlap. The
# first of them are fewer, so that something can be seen at once.
_TOGETHER, _TOGETHER_OVERLAPPING = 32, 64
_AT_FIRST = (8, 24)

# Files of so many bytes are taken to be long: whatever their format, hardly any has less than half
# a minute.
_LONG_BYTES = 16_000_000

# What processes that help import; for `ser.parallel.pool.prepare`.
_MODULES = ("ser.inference.recognizer", "ser.vad.silero", "ser.features.prosody.functionals")

# What is left behind the last whole window is worth a line of its own from this length on; a
# shorter rest says nothing reliable.
SHORTEST_SECONDS = 0.5

# Windows that are this much softer than the loudest tell nothing of a voice.
_PAUSE_DB = 30.0


@dataclass(frozen=True, slots=True)
class Windowing:
    """How a recording is divided.

    Attributes:
        duration: Seconds per window.
        hop: Seconds from the start of one window to the start of the next.
    """

    duration: float
    hop: float

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            SerError: A value is not a positive number.
        """
        for name, value in (("--duration", self.duration), ("--hop", self.hop)):
            if not 0 < value < math.inf:
                raise SerError(name, "is not a positive number", "give seconds")


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a recording is analysed.

    Attributes:
        start: Seconds from the start of the file.
        end: Likewise; None for the end of the file.
    """

    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        """Checks the order.

        Raises:
            SerError: The part is empty, or begins before the recording.
        """
        if self.start < 0:
            raise SerError("--start", "lies before the recording", "give seconds from its start")
        if self.end is not None and self.end <= self.start:
            raise SerError("--end", "does not lie behind --start", "give a later time")

    @property
    def seconds(self) -> float | None:
        """How long it is; None if it goes on to the end of the file."""
        return None if self.end is None else self.end - self.start


WHOLE = Part()
"""The whole recording."""


def model_seconds(engine: Engine) -> float:
    """Gives how many seconds the network looks at; infinite for pooled features."""
    spec = engine.spec
    if spec.pool != "none":
        return math.inf
    if spec.duration is not None:
        return spec.duration
    return (engine.frames - 1) * spec.hop_length / spec.sample_rate


def default_windowing(
    engine: Engine, duration: float | None = None, hop: float | None = None
) -> Windowing:
    """Fills in what the user left open: the network's own length, and windows side by side.

    Args:
        engine: The classifier.
        duration: Seconds per window, or None.
        hop: Seconds between windows, or None.

    Raises:
        SerError: A value is not positive, or shorter than a sample.
    """
    if duration is None:
        own = model_seconds(engine)
        # Pooled features have no length of their own; 3 s is what emotional corpora have.
        duration = 3.0 if math.isinf(own) else own
    windowing = Windowing(duration, duration if hop is None else hop)
    for name, value in (("--duration", windowing.duration), ("--hop", windowing.hop)):
        if value * engine.spec.sample_rate < 1:
            raise SerError(name, f"of {value:g} s is shorter than a sample", "give seconds")
    return windowing


def analyse(
    source: str | Path,
    engine: Engine,
    windowing: Windowing,
    *,
    part: Part = WHOLE,
    calibration: Calibration | None = None,
    vad: bool = True,
    tap: Callable[[Samples], None] = lambda block: None,
    blocks: Iterable[Samples] | None = None,
) -> Iterator[Window]:
    """Reads emotions from a recording, window by window, as it is decoded.

    A window that is longer than what the network looks at is covered by evenly spaced parts, and
    their probabilities are averaged; a shorter one is padded as clips were in training. A rest of
    at least `SHORTEST_SECONDS` behind the last whole window is a window too, and so is a recording
    shorter than one window, whatever its length.

    Args:
        source: A path, or ``-`` for standard input.
        engine: The classifier.
        windowing: How to divide.
        part: Which part of it.
        calibration: What is known of the voice, from `ser.inference.engine.Engine.calibration`.
        vad: Leave windows unclassified in which nobody speaks; see `ser.vad.speech`.
        tap: Gets every decoded block of samples, at the specification's sample rate.
        blocks: Live sound at that rate instead, `part` of it; `source` is then just its name. Each
            window is given as soon as it is whole.

    Yields:
        Windows, in order.

    Raises:
        AudioError: The recording cannot be decoded; the windows before the defect have been
            yielded.
    """
    live = blocks is not None or str(source) == STANDARD or is_special(Path(source))
    classified = functools.partial(
        _classified, file=str(source), engine=engine, calibration=calibration, vad=vad
    )
    if blocks is None:
        # A pipe may be live: wait for no more than the next window needs.
        seconds = min(windowing.hop, 1.0) if live else reader.BLOCK_SECONDS
        blocks = reader.stream(
            source,
            engine.spec.sample_rate,
            block_seconds=seconds,
            offset=part.start,
            duration=part.seconds,
        )
    with one_thread(), contextlib.ExitStack() as stack:
        if isinstance(blocks, Generator):
            # Whatever happens, the file is closed.
            stack.callback(blocks.close)
        cut = _cut(blocks, engine.spec, windowing, offset=part.start, tap=tap, live=live)
        processes = useful_processes() if engine.for_processes and not live else 1
        found = shared(classified, cut, processes, _MODULES, long=_is_long(source))
        stack.callback(found.close)
        for windows in found:
            yield from windows


def _is_long(source: str | Path) -> bool:
    try:
        return Path(source).stat().st_size >= _LONG_BYTES
    except OSError:
        return False


def classify(
    file: str,
    windows: Sequence[Samples],
    starts: Sequence[float],
    engine: Engine,
    *,
    calibration: Calibration | None = None,
    vad: bool = False,
) -> Iterator[Window]:
    """Classifies stretches of a recording that something else has cut, of any lengths.

    Args:
        file: The recording's name in the results.
        windows: Their samples at the specification's rate, each of shape (samples,).
        starts: Where each begins, in seconds.
        engine: The classifier.
        calibration: What is known of the voice.
        vad: Leave stretches unclassified in which nobody speaks.
    """
    rate = engine.spec.sample_rate
    spans = [(at, at + len(samples) / rate) for at, samples in zip(starts, windows, strict=True)]
    yield from _classify(file, Apart(list(windows), spans), engine, calibration, vad)


def _cut(
    blocks: Iterable[Samples],
    spec: FeatureSpec,
    windowing: Windowing,
    *,
    offset: float = 0.0,
    tap: Callable[[Samples], None] = lambda block: None,
    live: bool = False,
) -> Iterator[Sound]:
    """Cuts a recording into windows as it is decoded; gives those that are whole together."""
    rate = spec.sample_rate
    size = max(1, round(windowing.duration * rate))
    overlapping = round(windowing.hop * rate) < size
    # Windows that overlap share their frames where they begin with one.
    grid = spec.hop_length if overlapping else 1
    usual = _TOGETHER_OVERLAPPING if overlapping else _TOGETHER
    sizes = itertools.chain(_AT_FIRST, itertools.repeat(usual))
    together = next(sizes)
    before = LEAD if overlapping else 0
    buffer = np.empty(0, np.float32)
    first = 0  # Position of the buffer's first sample in the recording.
    number = 0  # Of the next window.
    waiting: list[_Span] = []
    failure: AudioError | None = None

    def named_start(index: int) -> int:
        return round(index * windowing.hop * rate)

    def start_of(index: int) -> int:
        return (named_start(index) + grid // 2) // grid * grid

    def span(index: int, stop: int, length: int) -> _Span:
        start, begin = start_of(index), offset + named_start(index) / rate
        # Overlapping ones are taken out together.
        own = None if overlapping else buffer[start - first : stop - first]
        return _Span(start, stop, begin, begin + length / rate, own)

    def taken() -> Sound:
        nonlocal waiting, together
        spans, waiting, together = waiting, [], next(sizes)
        times = [(each.begin, each.end) for each in spans]
        if not overlapping:
            return Apart([each.samples for each in spans if each.samples is not None], times)
        # Longer than needed in front: what a window says must not depend on what is beside it.
        start = max(first, (spans[0].start - before) // before * before)
        stop = max(each.stop for each in spans)
        return Overlapping(
            buffer[start - first : stop - first],
            [(each.start - start, each.stop - start) for each in spans],
            times,
        )

    try:
        for block in blocks:
            tap(block)
            buffer = np.concatenate([buffer, block])
            end = first + len(buffer)
            while start_of(number) + size <= end:
                waiting.append(span(number, start_of(number) + size, size))
                number += 1
                if len(waiting) == together:
                    yield taken()
            if live and waiting:
                yield taken()
            needed = waiting[0].start if overlapping and waiting else start_of(number)
            done = min(max(first, needed - 2 * before), end)
            buffer, first = buffer[done - first :], done
    except AudioError as error:
        failure = error
    stop = first + len(buffer)
    while named_start(number) + size <= stop:
        # Moved to its first frame, it would end behind the recording.
        waiting.append(span(number, min(start_of(number) + size, stop), size))
        number += 1
    if waiting:
        yield taken()
    if failure is not None:
        raise failure
    covered = named_start(number - 1) + size if number else 0
    new = stop - max(covered, named_start(number))
    if stop > start_of(number) and (number == 0 or new >= SHORTEST_SECONDS * rate):
        waiting.append(span(number, stop, stop - named_start(number)))
        yield taken()


@dataclass(frozen=True, slots=True)
class _Span:
    """One window: its samples, where they lie in the recording, and its times in seconds."""

    start: int
    stop: int
    begin: float
    end: float
    samples: Samples | None


def _classified(
    sound: Sound, file: str, engine: Engine, calibration: Calibration | None, vad: bool
) -> list[Window]:
    return list(_classify(file, sound, engine, calibration, vad))


def _classify(
    file: str, sound: Sound, engine: Engine, calibration: Calibration | None, vad: bool
) -> Iterator[Window]:
    """Runs the network once over all windows of a stretch of sound."""
    count = len(sound.times)
    spoken = sound.spoken(engine.spec.sample_rate) if vad and count else [True] * count
    groups = [
        _pieces(stop - start, engine, sound.grid(engine.spec)) if heard else []
        for (start, stop), heard in zip(sound.spans, spoken, strict=True)
    ]
    together = [
        (number, start, stop) for number, group in enumerate(groups) for start, stop in group
    ]
    probabilities = (
        engine.probabilities(
            *_inputs(sound.features(together, engine.extractor), engine), calibration
        )
        if together
        else ()
    )
    taken = 0
    for (begin, end), group in zip(sound.times, groups, strict=True):
        if not group:
            yield Window(file, begin, end, NO_SPEECH, 0.0, {})
            continue
        mean: Array = np.mean(probabilities[taken : taken + len(group)], axis=0)
        taken += len(group)
        best = int(mean.argmax())
        yield Window(
            file,
            begin,
            end,
            engine.labels[best],
            float(mean[best]),
            dict(zip(engine.labels, mean.tolist(), strict=True)),
        )


def _pieces(length: int, engine: Engine, grid: int) -> list[tuple[int, int]]:
    """Divides a window into what the network looks at: from where to where, in samples."""
    own = model_seconds(engine)
    if math.isinf(own):
        return [(0, length)]
    size = max(1, round(own * engine.spec.sample_rate))
    # A sample of rounding is no reason for a second piece.
    count = max(1, math.ceil((length - 2) / size))
    starts = np.linspace(0, max(0, length - size), count).round().astype(int) // grid * grid
    return [(start, min(start + size, length)) for start in starts.tolist()]


def _inputs(found: Sequence[tuple[Array, Array]], engine: Engine) -> tuple[Array, Array]:
    """Stacks features (n, frames, coefficients) and functionals (n, functionals)."""
    matrices = [fit_frames(matrix, engine.frames) for matrix, _ in found]
    return np.stack(matrices), np.stack([vector for _, vector in found])


def learn_speech(
    source: str | Path, engine: Engine, *, seconds: float = math.inf, vad: bool = True
) -> tuple[Array, Array]:
    """Gives what the network would see of a recording, to learn its voice from.

    Args:
        source: A path.
        engine: The classifier.
        seconds: How much of the recording is used.
        vad: Leave out windows in which nobody speaks.

    Returns:
        Features (n, frames, coefficients) and functionals (n, functionals) of windows that overlap
        by half; those more than `_PAUSE_DB` softer than the loudest are left out.

    Raises:
        AudioError: The recording cannot be decoded.
    """
    spec = engine.spec
    length = default_windowing(engine).duration
    windowing = Windowing(length, length / 2)
    stretches: list[tuple[Sound, list[bool], list[float]]] = []
    with one_thread():
        for sound in _cut(reader.stream(source, spec.sample_rate), spec, windowing):
            inside = [begin < seconds for begin, _ in sound.times]
            if any(inside):
                spoken = sound.spoken(spec.sample_rate) if vad else inside
                chosen = [near and heard for near, heard in zip(inside, spoken, strict=True)]
                stretches.append((sound, chosen, sound.levels()))
            if not all(inside):
                break
        loudest = max((max(levels) for _, _, levels in stretches), default=0.0)
        found = []
        for sound, chosen, levels in stretches:
            parts = [
                (number, start, stop)
                for number, (wanted, level) in enumerate(zip(chosen, levels, strict=True))
                if wanted and level > loudest * 10 ** (-_PAUSE_DB / 10)
                for start, stop in _pieces(
                    sound.spans[number][1] - sound.spans[number][0], engine, sound.grid(spec)
                )
            ]
            found += sound.features(parts, engine.extractor)
    if not found:
        raise AudioError(source, "has no speech: there is no voice to learn", "give speech")
    return _inputs(found, engine)
