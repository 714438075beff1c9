"""Audio in, timeline out: sliding windows over a stream, in constant memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser import audio
from ser.engine import Batch, Calibration, Engine
from ser.errors import AudioError, SerError
from ser.features.extract import fit_frames
from ser.files import STANDARD, is_special
from ser.timeline.record import NO_SPEECH, Window

# Windows classified together: more would need memory in proportion to how closely they overlap.
_TOGETHER = 32

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
    tap: Callable[[audio.Samples], None] = lambda block: None,
    blocks: Iterable[audio.Samples] | None = None,
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
        calibration: What is known of the voice, from `ser.engine.Engine.calibration`.
        vad: Leave windows unclassified in which nobody speaks; see `ser.activity.speech`.
        tap: Gets every decoded block of samples, at the specification's sample rate.
        blocks: Live sound at that rate instead, `part` of it; `source` is then just its name. Each
            window is given as soon as it is whole.

    Yields:
        Windows, in order.

    Raises:
        AudioError: The recording cannot be decoded; the windows before the defect have been
            yielded.
    """
    for parts in _cut(source, engine, windowing, part, tap, blocks):
        yield from _classify(str(source), parts, part.start, engine, calibration, vad)


def classify(
    file: str,
    windows: Sequence[audio.Samples],
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
    parts = [(round(at * rate), samples) for at, samples in zip(starts, windows, strict=True)]
    yield from _classify(file, parts, 0.0, engine, calibration, vad)


_Piece = tuple[int, audio.Samples]
"""Where a window begins, in samples from where the analysis begins, and what is in it."""


def _cut(
    source: str | Path,
    engine: Engine,
    windowing: Windowing,
    part: Part = WHOLE,
    tap: Callable[[audio.Samples], None] = lambda block: None,
    blocks: Iterable[audio.Samples] | None = None,
) -> Iterator[list[_Piece]]:
    """Cuts a recording into windows as it is decoded; gives those that are whole together."""
    rate = engine.spec.sample_rate
    # A pipe may be live: wait for no more than the next window needs.
    live = blocks is not None or str(source) == STANDARD or is_special(Path(source))
    seconds = min(windowing.hop, 1.0) if live else audio.BLOCK_SECONDS
    size = max(1, round(windowing.duration * rate))
    buffer = np.empty(0, np.float32)
    first = 0  # Position of the buffer's first sample in the recording.
    number = 0  # Of the next window.

    def start_of(index: int) -> int:
        return round(index * windowing.hop * rate)

    if blocks is None:
        blocks = audio.stream(
            source, rate, block_seconds=seconds, offset=part.start, duration=part.seconds
        )
    parts: list[_Piece] = []
    try:
        for block in blocks:
            tap(block)
            buffer = np.concatenate([buffer, block])
            end = first + len(buffer)
            while start_of(number) + size <= end:
                start = start_of(number)
                parts.append((start, buffer[start - first : start - first + size]))
                number += 1
                if len(parts) == _TOGETHER:
                    yield parts
                    parts = []
            if live:
                yield parts
                parts = []
            done = min(start_of(number), end)
            buffer, first = buffer[done - first :], done
    except AudioError:
        yield parts
        raise
    yield parts
    rest = buffer[max(0, start_of(number) - first) :]
    covered = start_of(number - 1) + size if number else 0
    new = first + len(buffer) - max(covered, start_of(number))
    if len(rest) and (number == 0 or new >= SHORTEST_SECONDS * rate):
        yield [(start_of(number), rest)]


def _classify(
    file: str,
    parts: list[_Piece],
    offset: float,
    engine: Engine,
    calibration: Calibration | None,
    vad: bool,
) -> Iterator[Window]:
    """Runs the network once over all windows of a block."""
    rate = engine.spec.sample_rate
    spoken = _spoken([samples for _, samples in parts], rate) if vad else [True] * len(parts)
    pieces = [
        _pieces(samples, engine) if heard else []
        for (_, samples), heard in zip(parts, spoken, strict=True)
    ]
    together = [piece for group in pieces for piece in group]
    probabilities = (
        engine.probabilities(*_inputs(together, engine), calibration) if together else ()
    )
    taken = 0
    for (start, samples), group in zip(parts, pieces, strict=True):
        begin, end = offset + start / rate, offset + (start + len(samples)) / rate
        if not group:
            yield Window(file, begin, end, NO_SPEECH, 0.0, {})
            continue
        mean: Batch = np.mean(probabilities[taken : taken + len(group)], axis=0)
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


def _spoken(windows: list[audio.Samples], rate: int) -> list[bool]:
    """Says in which windows somebody speaks."""
    if not windows:
        return []
    from ser.activity.speech import anybody_speaks

    return [bool(heard) for heard in anybody_speaks(windows, rate)]


def _pieces(samples: audio.Samples, engine: Engine) -> list[audio.Samples]:
    own = model_seconds(engine)
    if math.isinf(own):
        return [samples]
    size = max(1, round(own * engine.spec.sample_rate))
    # A sample of rounding is no reason for a second piece.
    count = max(1, math.ceil((len(samples) - 2) / size))
    starts = np.linspace(0, max(0, len(samples) - size), count).round().astype(int)
    return [samples[start : start + size] for start in starts]


def _inputs(pieces: list[audio.Samples], engine: Engine) -> tuple[Batch, Batch]:
    """Computes features (n, frames, coefficients) and functionals (n, functionals)."""
    extractor = engine.extractor
    found = [extractor.everything(extractor.prepare(piece)) for piece in pieces]
    matrices = [fit_frames(matrix, engine.frames) for matrix, _ in found]
    return np.stack(matrices), np.stack([vector for _, vector in found])


def learn_speech(
    source: str | Path, engine: Engine, *, seconds: float = math.inf, vad: bool = True
) -> tuple[Batch, Batch]:
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
    length = default_windowing(engine).duration
    windowing = Windowing(length, length / 2)
    windows: list[audio.Samples] = []
    for parts in _cut(source, engine, windowing):
        inside = [samples for start, samples in parts if start / engine.spec.sample_rate < seconds]
        windows += inside
        if len(inside) < len(parts):
            break
    levels = np.array([float(np.square(samples).mean()) for samples in windows])
    loudest = levels.max(initial=0.0)
    spoken = _spoken(windows, engine.spec.sample_rate) if vad else [True] * len(windows)
    pieces = [
        piece
        for samples, level, heard in zip(windows, levels, spoken, strict=True)
        if heard and level > loudest * 10 ** (-_PAUSE_DB / 10)
        for piece in _pieces(samples, engine)
    ]
    if not pieces:
        raise AudioError(source, "has no speech: there is no voice to learn", "give speech")
    return _inputs(pieces, engine)
