"""Frames of windows that overlap, each computed once.

A frame that lies inside a window is the same in all windows whose frames begin on the same samples;
only those that reach over an end of a window are its own, because there it is filled up with zeros.
So the result is that of each window by itself, but for the last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ser.arrays import Indices, Matrix, Samples
from ser.features import banks
from ser.features.spec import FeatureSpec
from ser.features.stft import ShortTime, Transform, power_of

Span = tuple[int, int]
"""From where to where in a signal, in samples."""

# Frames worked on at a time: what fits a processor's cache.
_CHUNK = 192


class MelView(ShortTime):
    """What families of `ser.features.registry.MEL_FAMILIES` look at, without samples.

    Args:
        mel: Mel power spectrogram, shape (frames, n_mels).
        spec: Its specification.
    """

    def __init__(self, mel: Matrix, spec: FeatureSpec) -> None:
        super().__init__(np.empty(0, np.float32), spec)
        self.mel = mel


class SharedFrames:
    """The frames of several windows of a signal.

    Args:
        signal: Samples, shape (samples,).
        spans: The windows, which may overlap; none is empty.
        spec: Transform size, window and hop are used.
        mel_filters: The specification's mel filters.
        transform: The Fourier transform.
        measure: What else is measured of power spectra of frames that follow each other, or None;
            the first of them may miss the one before.
        width: How many numbers that gives of each frame.
    """

    def __init__(
        self,
        signal: Samples,
        spans: Sequence[Span],
        spec: FeatureSpec,
        mel_filters: banks.Banded,
        transform: Transform,
        measure: Callable[[Matrix], Matrix] | None = None,
        width: int = 0,
    ) -> None:
        self._signal = np.ascontiguousarray(signal, np.float32)
        self._spec, self._filters, self._transform = spec, mel_filters, transform
        self._measure = measure
        self._before = spec.n_fft // 2
        inside = [self._inside(*span) for span in spans]
        runs = _merged(
            (
                start % spec.hop_length,
                start // spec.hop_length + low,
                start // spec.hop_length + high,
            )
            for (start, _), (_, low, high) in zip(spans, inside, strict=True)
            if high >= low
        )
        blocks: list[Matrix] = []
        self._indices: list[Indices] = []
        rows = sum(last + 1 - first for _, first, last in runs)
        offsets = np.cumsum([0] + [last + 1 - first for _, first, last in runs]).tolist()
        for (start, stop), (count, low, high) in zip(spans, inside, strict=True):
            if high < low:
                blocks.append(self._edge(start, stop, 0, count - 1))
                self._indices.append(np.arange(rows, rows + count))
                rows += count
                continue
            phase, place = start % spec.hop_length, start // spec.hop_length
            run = next(
                k for k, (p, a, b) in enumerate(runs) if p == phase and a <= place + low <= b
            )
            shared = offsets[run] + place - runs[run][1]
            # The first of the inner frames once more behind those before it, and the last before
            # those behind: what is measured from one frame to the next is right that way.
            blocks += [self._edge(start, stop, 0, low), self._edge(start, stop, high, count - 1)]
            self._indices.append(
                np.concatenate(
                    [
                        np.arange(rows, rows + low + 1),
                        np.arange(shared + low + 1, shared + high + 1),
                        np.arange(rows + low + 2, rows + low + 1 + count - high),
                    ]
                )
            )
            rows += low + 1 + count - high
        self._mel = np.empty((rows, spec.n_mels), np.float32)
        self._measures = np.empty((rows, width), np.float32)
        for (phase, first, last), offset in zip(runs, offsets, strict=False):
            self._compute_run(phase + first * spec.hop_length, last + 1 - first, offset)
        edges = np.concatenate(blocks) if blocks else np.empty((0, spec.n_fft), np.float32)
        self._compute(edges, rows - len(edges), known=0)

    def of(self, number: int) -> tuple[Matrix, Matrix]:
        """Gives a window's mel power and what was measured, both (frames, something)."""
        index = self._indices[number]
        return self._mel[index], self._measures[index]

    def _inside(self, start: int, stop: int) -> tuple[int, int, int]:
        """Counts a window's frames, and says which are the first and the last that lie inside."""
        hop, size = self._spec.hop_length, self._spec.n_fft
        length = stop - start
        count = 1 + (length + 2 * self._before - size) // hop
        return count, -(-self._before // hop), (length + self._before - size) // hop

    def _edge(self, start: int, stop: int, first: int, last: int) -> Matrix:
        """Copies frames of one window, with zeros behind its ends."""
        hop, size = self._spec.hop_length, self._spec.n_fft
        begin = start + first * hop - self._before
        samples = np.zeros((last - first) * hop + size, np.float32)
        low, high = max(start, begin), min(stop, begin + len(samples))
        samples[low - begin : high - begin] = self._signal[low:high]
        frames: Matrix = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
        return frames

    def _compute_run(self, centre: int, count: int, offset: int) -> None:
        hop, size = self._spec.hop_length, self._spec.n_fft
        frames = np.ndarray(
            (count, size),
            np.float32,
            self._signal,
            offset=4 * (centre - self._before),
            strides=(4 * hop, 4),
        )
        for first in range(0, count, _CHUNK):
            # The one before is computed again, for what is measured between neighbours.
            known = min(first, 1)
            self._compute(frames[first - known : first + _CHUNK], offset + first, known)

    def _compute(self, frames: Matrix, offset: int, known: int) -> None:
        """Computes frames and keeps all but the known."""
        power = power_of(frames, self._spec, self._transform)
        rows = slice(offset, offset + len(frames) - known)
        self._mel[rows] = self._filters(power[known:])
        if self._measure is not None and len(power):
            self._measures[rows] = self._measure(power)[known:]


def _merged(runs: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Joins runs of frames, (phase, first, last), that touch or overlap."""
    result: list[tuple[int, int, int]] = []
    for phase, first, last in sorted(runs):
        if result and result[-1][0] == phase and first <= result[-1][2] + 1:
            result[-1] = (phase, result[-1][1], max(result[-1][2], last))
        else:
            result.append((phase, first, last))
    return result
