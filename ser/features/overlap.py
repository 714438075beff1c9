"""Spectra of overlapping windows, with each shared frame computed once.

A frame that lies inside a window is the same in all windows whose frames begin on the same samples.
Only the frames that reach over an end of a window are its own, because they are padded with zeros.
So the result is that of each window by itself, but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from ser.arrays import Indices, Matrix, Samples
from ser.features import banks
from ser.features.spec import FeatureSpec
from ser.features.stft import ShortTimeSpectra, Transform, power_spectra

Span = tuple[int, int]
"""Start and end in a signal, in samples."""

# Frames computed at a time, so that they fit into a processor's cache.
_CHUNK = 192


class MelSpectra(ShortTimeSpectra):
    """Spectra for the families of `ser.features.registry.MEL_FAMILIES`, from mel power alone.

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
        measure: Computes further numbers from the power spectra of consecutive frames, or None;
            it need not know the frame before the first.
        width: How many numbers per frame it computes.
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
        runs = _merge_runs(
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
                blocks.append(self._edge_frames(start, stop, 0, count - 1))
                self._indices.append(np.arange(rows, rows + count))
                rows += count
                continue
            phase, place = start % spec.hop_length, start // spec.hop_length
            run = next(
                k for k, (p, a, b) in enumerate(runs) if p == phase and a <= place + low <= b
            )
            shared = offsets[run] + place - runs[run][1]
            # The first inner frame is repeated behind the frames before it, and the last before
            # those behind it, so that numbers that depend on two frames are right.
            blocks += [
                self._edge_frames(start, stop, 0, low),
                self._edge_frames(start, stop, high, count - 1),
            ]
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
        self._compute(edges, rows - len(edges), repeated=0)

    def window(self, number: int) -> tuple[Matrix, Matrix]:
        """Gives a window's mel power, (frames, n_mels), and further numbers, (frames, width)."""
        index = self._indices[number]
        return self._mel[index], self._measures[index]

    def _inside(self, start: int, stop: int) -> tuple[int, int, int]:
        """Gives a window's number of frames, and the first and the last that lie inside it."""
        hop, size = self._spec.hop_length, self._spec.n_fft
        length = stop - start
        count = 1 + (length + 2 * self._before - size) // hop
        return count, -(-self._before // hop), (length + self._before - size) // hop

    def _edge_frames(self, start: int, stop: int, first: int, last: int) -> Matrix:
        """Copies frames of one window, padded with zeros beyond its ends."""
        hop, size = self._spec.hop_length, self._spec.n_fft
        begin = start + first * hop - self._before
        samples = np.zeros((last - first) * hop + size, np.float32)
        low, high = max(start, begin), min(stop, begin + len(samples))
        samples[low - begin : high - begin] = self._signal[low:high]
        frames: Matrix = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop]
        return frames

    def _compute_run(self, center: int, count: int, offset: int) -> None:
        """Computes consecutive frames inside the signal."""
        hop, size = self._spec.hop_length, self._spec.n_fft
        frames = np.ndarray(
            (count, size),
            np.float32,
            self._signal,
            offset=4 * (center - self._before),
            strides=(4 * hop, 4),
        )
        for first in range(0, count, _CHUNK):
            # The frame before is computed again, for numbers that depend on two frames.
            repeated = min(first, 1)
            self._compute(frames[first - repeated : first + _CHUNK], offset + first, repeated)

    def _compute(self, frames: Matrix, offset: int, repeated: int) -> None:
        """Computes frames, and stores all but the first `repeated`."""
        power = power_spectra(frames, self._spec, self._transform)
        rows = slice(offset, offset + len(frames) - repeated)
        self._mel[rows] = self._filters(power[repeated:])
        if self._measure is not None and len(power):
            self._measures[rows] = self._measure(power)[repeated:]


def _merge_runs(runs: Iterable[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Joins runs of frames, (phase, first, last), that touch or overlap."""
    result: list[tuple[int, int, int]] = []
    for phase, first, last in sorted(runs):
        if result and result[-1][0] == phase and first <= result[-1][2] + 1:
            result[-1] = (phase, result[-1][1], max(result[-1][2], last))
        else:
            result.append((phase, first, last))
    return result
