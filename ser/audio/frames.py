"""Decoded frames, turned into arrays of one sample rate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ser.arrays import Channels
from ser.audio.container import decoder_errors
from ser.audio.placement import Silence

# Seconds of silence that are given at once: gaps may be long.
_SILENCE_SECONDS = 1.0


def to_arrays(items: Iterator[Any], rate: int, size: int) -> Iterator[Channels]:
    """Converts frames of any sample format to float32 at one rate, some `size` samples at a time.

    Frames have 20 ms and less, and Python's share in each is as much work as decoding it: they are
    joined first. Where layout, format or rate change from one frame to the next, as broadcasts do
    between programs, what was joined is converted and another conversion begins: FFmpeg's queue
    would take such frames and read beyond their end. What was decoded before a defect is given
    before the error.

    Args:
        items: PyAV's frames, and `Silence` between them.
        rate: The sample rate of the arrays, in hertz.
        size: How many samples to give at once, about.

    Yields:
        Shape (samples, channels); the number of channels may change from one to the next.
    """
    joined: _Joined | None = None
    channels = 1
    rest = 0.0
    try:
        for item in items:
            if isinstance(item, Silence):
                if joined is not None:
                    yield from joined.drain()
                    joined = None
                # What is rounded off one gap counts for the next.
                rest += item.seconds * rate
                yield from _silence(int(rest), channels, rate)
                rest -= int(rest)
                continue
            kind = _kind(item)
            if joined is None or joined.kind != kind:
                if joined is not None:
                    yield from joined.drain()
                joined = _Joined(kind, rate)
                channels = item.layout.nb_channels
            joined.add(item)
            if joined.samples >= size:
                yield from joined.convert()
    except decoder_errors():
        if joined is not None:
            yield from joined.drain()
        raise
    if joined is not None:
        yield from joined.drain()


def _kind(frame: Any) -> tuple[str, str, int, int]:
    """Tells frames apart that one conversion cannot take together."""
    layout = frame.layout
    return frame.format.name, layout.name, layout.nb_channels, frame.sample_rate


class _Joined:
    """Frames of one kind that are converted together.

    Args:
        kind: What all of them are like.
        rate: The sample rate of the result, in hertz.
    """

    def __init__(self, kind: tuple[str, str, int, int], rate: int) -> None:
        import av

        self.kind = kind
        self._queue = av.AudioFifo()
        # The channels are kept: FFmpeg's own mix-down weights and rescales them. Interleaved,
        # because PyAV counts the planes of eight and more channels beyond their end.
        self._converter = av.AudioResampler(format="flt", rate=rate)

    @property
    def samples(self) -> int:
        """How many samples wait."""
        return self._queue.samples

    def add(self, frame: Any) -> None:
        """Takes one frame."""
        # A queue would want time stamps without gaps.
        frame.pts = None
        self._queue.write(frame)

    def convert(self) -> Iterator[Channels]:
        """Converts all that waits."""
        if self._queue.samples:
            yield from _arrays(self._converter.resample(self._queue.read(0)))

    def drain(self) -> Iterator[Channels]:
        """Converts all that waits, and what the converter still holds."""
        yield from self.convert()
        yield from _arrays(self._converter.resample(None))


def _arrays(parts: Iterable[Any]) -> Iterator[Channels]:
    for part in parts:
        if part is not None and part.samples:
            yield part.to_ndarray().reshape(-1, part.layout.nb_channels)


def _silence(count: int, channels: int, rate: int) -> Iterator[Channels]:
    piece = max(1, round(_SILENCE_SECONDS * rate))
    while count > 0:
        yield np.zeros((min(count, piece), channels), np.float32)
        count -= piece
