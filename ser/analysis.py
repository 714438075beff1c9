"""Audio in, timeline out: sliding windows over a stream, in constant memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser import audio
from ser.engine import Batch, Calibration, Engine
from ser.errors import AudioError, SerError
from ser.features.extract import fit_frames
from ser.files import STANDARD
from ser.timeline.record import Window

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
    calibration: Calibration | None = None,
    tap: Callable[[audio.Samples], None] = lambda block: None,
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
        calibration: What is known of the voice, from `ser.engine.Engine.calibration`.
        tap: Gets every decoded block of samples, at the specification's sample rate.

    Yields:
        Windows, in order.

    Raises:
        AudioError: The recording cannot be decoded; the windows before the defect have been
            yielded.
    """
    for parts in _cut(source, engine, windowing, tap):
        yield from _classify(str(source), parts, engine, calibration)


_Part = tuple[int, audio.Samples]
"""Where a window begins, in samples, and what is in it."""


def _cut(
    source: str | Path,
    engine: Engine,
    windowing: Windowing,
    tap: Callable[[audio.Samples], None] = lambda block: None,
) -> Iterator[list[_Part]]:
    """Cuts a recording into windows as it is decoded; gives those that are whole together."""
    rate = engine.spec.sample_rate
    # A pipe may be live: wait for no more than the next window needs.
    seconds = min(windowing.hop, 1.0) if str(source) == STANDARD else audio.BLOCK_SECONDS
    size = max(1, round(windowing.duration * rate))
    buffer = np.empty(0, np.float32)
    first = 0  # Position of the buffer's first sample in the recording.
    number = 0  # Of the next window.

    def start_of(index: int) -> int:
        return round(index * windowing.hop * rate)

    for block in audio.stream(source, rate, block_seconds=seconds):
        tap(block)
        buffer = np.concatenate([buffer, block])
        end = first + len(buffer)
        parts: list[_Part] = []
        while start_of(number) + size <= end:
            start = start_of(number)
            parts.append((start, buffer[start - first : start - first + size]))
            number += 1
            if len(parts) == _TOGETHER:
                yield parts
                parts = []
        yield parts
        done = min(start_of(number), end)
        buffer, first = buffer[done - first :], done
    rest = buffer[max(0, start_of(number) - first) :]
    covered = start_of(number - 1) + size if number else 0
    new = first + len(buffer) - max(covered, start_of(number))
    if len(rest) and (number == 0 or new >= SHORTEST_SECONDS * rate):
        yield [(start_of(number), rest)]


def _classify(
    file: str,
    parts: list[_Part],
    engine: Engine,
    calibration: Calibration | None,
) -> Iterator[Window]:
    """Runs the network once over all windows of a block."""
    if not parts:
        return
    rate = engine.spec.sample_rate
    pieces = [_pieces(samples, engine) for _, samples in parts]
    inputs = _inputs([piece for group in pieces for piece in group], engine)
    probabilities = engine.probabilities(*inputs, calibration)
    taken = 0
    for (start, samples), group in zip(parts, pieces, strict=True):
        mean: Batch = probabilities[taken : taken + len(group)].mean(axis=0)
        taken += len(group)
        best = int(mean.argmax())
        yield Window(
            file,
            start / rate,
            (start + len(samples)) / rate,
            engine.labels[best],
            float(mean[best]),
            dict(zip(engine.labels, mean.tolist(), strict=True)),
        )


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
    source: str | Path, engine: Engine, *, seconds: float = math.inf
) -> tuple[Batch, Batch]:
    """Gives what the network would see of a recording, to learn its voice from.

    Args:
        source: A path.
        engine: The classifier.
        seconds: How much of the recording is used.

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
    pieces = [
        piece
        for samples, level in zip(windows, levels, strict=True)
        if level > loudest * 10 ** (-_PAUSE_DB / 10)
        for piece in _pieces(samples, engine)
    ]
    if not pieces:
        raise AudioError(source, "is silent: there is no voice to learn", "give speech")
    return _inputs(pieces, engine)
